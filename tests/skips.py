"""Says loudly which tests did not run and why. REQUIRE_ALL=1 makes a skipped test a failed one, a GPU's excepted."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path

import pytest

from annotate.supervisor.redis_server import find_redis
from tests.servers import find_chromium


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


# marker: what its tests need, and how to tell whether that is here
NEEDS: dict[str, tuple[str, Callable[[], bool]]] = {
    "gpu": ("a CUDA device", cache(_has_gpu)),
    "browser": ("Chromium (install chromium, or set CHROMIUM to its path)", cache(lambda: bool(find_chromium()))),
    "processes": ("a Redis server (install redis-server)", cache(lambda: bool(find_redis()))),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (what, is_here) in NEEDS.items():
        if item.get_closest_marker(marker) and not is_here():
            pytest.skip(f"needs {what}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("gpu") is None and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section(f"NOT RUN: {reasons.total()} skipped", sep="!", red=True, bold=True)
    lines = [f"{count} x {reason}" for reason, count in reasons.most_common()]
    terminalreporter.write_line("\n".join(lines))
    note(lines)


def note(lines: list[str]) -> None:
    """Add to the list that `make test` prints at its end."""
    if target := os.environ.get("SKIPS_FILE"):
        with Path(target).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)


def all_required() -> bool:
    return os.environ.get("REQUIRE_ALL") == "1"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and all_required():
        reason = _reason(report)
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1 allows no skipped test, and this one was: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where_and_why = report.longrepr
    return str(where_and_why[-1] if isinstance(where_and_why, tuple) else where_and_why).removeprefix("Skipped: ")


def main() -> None:
    """Print what the runs of one `make test` noted."""
    noted = Path(os.environ["SKIPS_FILE"])
    lines = noted.read_text().splitlines() if noted.exists() else []
    print("\n".join(["", "!!! NOT RUN:", *lines] if lines else ["", "Every test ran."]))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
