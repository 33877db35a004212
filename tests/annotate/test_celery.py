"""The workers' pool: one task at a time in the worker's own process, whatever was asked for."""

import subprocess
import sys

import pytest

from tests.source import ROOT

MAKE_A_WORKER = (
    "import sys; from annotate.celery import app; print(app.Worker(**eval(sys.argv[1])).pool_cls.__module__)"
)


def make_worker(**options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAKE_A_WORKER, repr(options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_a_worker_that_is_started_without_a_pool_forks_nothing() -> None:
    made = make_worker()

    assert (made.returncode, made.stdout.strip()) == (0, "celery.concurrency.solo")


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_every_other_pool_is_refused(pool: str) -> None:
    made = make_worker(pool=pool)

    assert made.returncode == 1
    assert "leave --pool out" in made.stderr
