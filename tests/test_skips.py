"""A test that did not run is never overlooked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT

SUITE = """
import pytest

def test_that_runs(): ...

def test_that_needs_something(): pytest.skip("needs a tide table")

@pytest.mark.gpu
def test_that_needs_a_gpu(): pytest.skip("needs a CUDA device")

@pytest.mark.xfail
def test_that_is_known_to_fail(): assert False
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "test_suite.py"
    path.write_text(SUITE)
    return path


def run(suite: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = ["-c", os.devnull, "--rootdir", str(suite.parent), "-p", "tests.skips"]
    inherited = {name: value for name, value in os.environ.items() if name not in ("REQUIRE_ALL", "SKIPS_FILE")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, str(suite)],
        cwd=ROOT,
        env=inherited | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_skipped_tests_are_counted_by_reason_at_the_end(suite: Path) -> None:
    done = run(suite)

    assert done.returncode == 0
    assert "NOT RUN: 2 skipped" in done.stdout
    assert "1 x needs a tide table" in done.stdout


def test_where_all_are_required_a_skip_is_a_failure_unless_it_needs_a_gpu(suite: Path) -> None:
    done = run(suite, REQUIRE_ALL="1")

    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in done.stdout
    assert "REQUIRE_ALL=1 allows no skipped test, and this one was: needs a tide table" in done.stdout


def test_a_module_that_skips_itself_is_a_failure_where_all_are_required(suite: Path) -> None:
    suite.write_text("import pytest\npytest.importorskip('tide_tables')")

    assert run(suite).returncode == 5
    assert "could not import 'tide_tables'" in run(suite).stdout
    assert run(suite, REQUIRE_ALL="1").returncode == 2


def test_what_was_skipped_is_noted_for_the_end_of_make_test(suite: Path, tmp_path: Path) -> None:
    noted = tmp_path / "skipped.txt"

    run(suite, SKIPS_FILE=str(noted))

    assert sorted(noted.read_text().splitlines()) == ["1 x needs a CUDA device", "1 x needs a tide table"]
