"""Crowds at work, also while Redis is gone or mute: nothing lost or doubled, no pair beyond its overlap, no error.

The short forms run each time; the long ones are the figures of the project's promises (`make test-long`). How fast it
goes is measured by benchmarks/serving.py.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.audit import Audit, audit
from tests.crowd import Annotator, Browser, Program, SteppingProgram, let_work
from tests.faults.installation import Installation
from tests.faults.installations import one_on_postgresql, one_on_sqlite
from tests.faults.visitor import Visitor, sign_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

CLEAN = Audit(lost=0, doubled=0, beyond_overlap=0, miscounted=0)
MUTE_OR_GONE = {"kill": "start", "pause": "resume"}
Face = Callable[..., Annotator]


def long(*values: object) -> Any:
    return pytest.param(*values, marks=pytest.mark.long)


@pytest.fixture(scope="module")
def sqlite_installation() -> Iterator[Installation]:
    yield from one_on_sqlite()


@pytest.fixture(scope="module")
def postgresql_installation() -> Iterator[Installation]:
    yield from one_on_postgresql()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Return an installation that only crowds use: the trainer is busy with their texts long after they have gone."""
    running: Installation = request.getfixturevalue(f"{request.param}_installation")
    return running


class Crowd:
    """Annotators of a project of their own in the installation."""

    def __init__(
        self, installation: Installation, slug: str, face: Face, *, n: int, n_pairs: int, think: float
    ) -> None:
        printed = installation.shell(f"add_crowd({slug!r}, {n_pairs}, {n}, sessions={face is Browser})").split()
        self._installation = installation
        self._project = int(printed[0])
        port = installation.app.port
        self.annotators = [face(port, slug, key, think_seconds=think) for key in printed[1:]]

    def work(self, seconds: float) -> None:
        let_work(self.annotators, seconds=seconds)

    def check(self) -> None:
        """Compare what the rows say with what everybody was told."""
        acknowledged = [key for one in self.annotators for key in one.told.acknowledged]
        assert [error for one in self.annotators for error in one.told.errors] == []
        assert len(acknowledged) > len(self.annotators)
        assert audit(self._installation.database, self._project, acknowledged) == CLEAN


@pytest.mark.parametrize(("n", "seconds", "think"), [(20, 5, 0.5), long(200, 60, 2.0)])
def test_a_thinking_crowd_in_browsers(installation: Installation, n: int, seconds: int, think: float) -> None:
    n = n if installation.database.kind == "postgresql" else min(n, 50)
    crowd = Crowd(installation, f"thinking-{n}", Browser, n=n, n_pairs=20 * n, think=think)

    crowd.work(seconds)

    crowd.check()


@pytest.mark.parametrize(("n", "seconds"), [(10, 4), long(50, 30)])
@pytest.mark.parametrize("face", [Program, SteppingProgram])
def test_a_crowd_that_never_thinks(installation: Installation, face: type[Annotator], n: int, seconds: int) -> None:
    crowd = Crowd(installation, f"fast-{n}-{face.__name__.lower()}", face, n=n, n_pairs=100 * n, think=0)

    crowd.work(seconds)

    crowd.check()


@pytest.mark.parametrize(("n", "seconds"), [(20, 4), long(20, 60)])
def test_sqlite_is_never_locked(sqlite_installation: Installation, n: int, seconds: int) -> None:
    crowd = Crowd(sqlite_installation, f"locked-{seconds}", SteppingProgram, n=n, n_pairs=200 * seconds, think=0)

    crowd.work(seconds)

    crowd.check()


@pytest.mark.parametrize(("begin", "locked"), [("IMMEDIATE", False), ("DEFERRED", True)])
def test_reading_before_writing_locks_sqlite_only_if_the_lock_comes_late(
    tmp_path: Path, begin: str, locked: bool
) -> None:
    """The control: two transactions that read and then write, begun as we do and as Django does by default."""
    with closing(sqlite3.connect(tmp_path / "control")) as database:
        database.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0)"
        )
    failures: list[str] = []
    together = threading.Barrier(2)

    def read_then_write() -> None:
        with closing(sqlite3.connect(tmp_path / "control", timeout=30, isolation_level=None)) as connection:
            together.wait()
            for _ in range(100):
                try:
                    connection.execute(f"BEGIN {begin}")
                    (n,) = connection.execute("SELECT n FROM counter").fetchone()
                    connection.execute("UPDATE counter SET n = ?", [n + 1])
                    connection.execute("COMMIT")
                except sqlite3.OperationalError as error:
                    failures.append(str(error))
                    connection.execute("ROLLBACK")

    threads = [threading.Thread(target=read_then_write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bool(failures) == locked, failures
    assert set(failures) <= {"database is locked"}


@pytest.mark.parametrize("seconds", [4, long(60)])
@pytest.mark.parametrize("manner", MUTE_OR_GONE)
def test_a_crowd_notices_nothing_of_redis(installation: Installation, manner: str, seconds: int) -> None:
    crowd = Crowd(installation, f"redis-{manner}-{seconds}", Browser, n=10, n_pairs=60 * seconds, think=0.1)
    visitor = Visitor(installation.app.address)
    sign_in(visitor)

    with _without_redis(installation, manner):
        crowd.work(seconds)
        pages = {path: visitor.open(path).status for path in ("/", "/account", "/projects/new", "/healthz", "/readyz")}

    crowd.check()
    assert set(pages.values()) == {200}, pages


@contextmanager
def _without_redis(installation: Installation, manner: str) -> Iterator[None]:
    getattr(installation.broker, manner)()
    try:
        yield
    finally:
        getattr(installation.broker, MUTE_OR_GONE[manner])()
