# One target per chore. `make run` and `make test` need Python 3.11 or newer and nothing else to begin with.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest
ONE_THREAD := OMP_NUM_THREADS=1  # for each of several test processes: together they would wait for each other, spinning
QUICK := not processes and not browser and not long
TYPED := $(wildcard trainer annotate/services annotate/selectors annotate/formats annotate/render annotate/supervisor annotate/agreement.py annotate/compiled.py)
export SKIPS_FILE := test-output/skipped.txt

.PHONY: help run test test-long lint fix bench clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

run: .venv/installed  ## Start Tiebreak on http://127.0.0.1:8000 (PORT changes it); Ctrl-C stops it
	@DEBUG=$${DEBUG:-1} exec $(BIN)/python manage.py up --demo

test: .venv/installed-dev  ## Run every test that this machine can run, on SQLite and on PostgreSQL
	@mkdir -p test-output && rm -f $(SKIPS_FILE)
	$(ONE_THREAD) $(PYTEST) -n 2 -m "$(QUICK)" --durations=8
	$(ONE_THREAD) $(BIN)/python -m tests.servers postgresql $(PYTEST) -n 2 -m "$(QUICK)" --only-database
	$(PYTEST) -n 2 --dist loadscope -m "(processes or browser) and not long" --durations=8
	@$(BIN)/python -m tests.skips

test-long: .venv/installed-dev  ## Run the tests that take minutes each
	$(PYTEST) -m long

lint: .venv/installed-dev  ## Check style, types and templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(TYPED)
	$(BIN)/djlint --check --lint --quiet templates

fix: .venv/installed-dev  ## Repair what the linters can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates

bench: .venv/installed-dev  ## Run every benchmark; figures go to benchmarks/results
	@for script in $$(grep -l '^if __name__' benchmarks/*.py); do \
		echo "== $$script"; $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; done

clean:  ## Remove what can be made again; the data in var stays
	rm -rf .venv staticfiles test-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Tiebreak needs Python 3.11 or newer: make PYTHON=python3.11 run" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing the packages of requirements.txt (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the packages of requirements-dev.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
