"""Fixtures that many tests share: the cast, a project with pairs, real preferences, and the running application."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from annotate.models import Project, Role, User
from tests.application import Application, application
from tests.factories import make_member, make_project, make_user
from tests.servers import find_postgresql, private_postgresql

BROWSER = ("tests/test_loop.py",)  # it shares the application that the browser drives


@pytest.fixture
def project(db: None) -> Project:
    return make_project(n_pairs=5)


@pytest.fixture
def alice(project: Project) -> User:
    return make_member(project, "alice", role=Role.ADMIN)


@pytest.fixture
def rosa(project: Project) -> User:
    return make_member(project, "rosa", role=Role.RESEARCHER)


@pytest.fixture
def bob(project: Project) -> User:
    return make_member(project, "bob")


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")


@pytest.fixture(scope="session")
def preference_data() -> Path:
    """Return the folder of real preferences that the project measures itself on; they are not part of it."""
    folder = Path(os.environ.get("PREFERENCE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("needs real preferences (set PREFERENCE_DATA to their folder)")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the DATABASE_URL of an empty PostgreSQL, for tests that start processes on one."""
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL's server programs (install postgresql)")
    with private_postgresql() as address:
        yield address


@pytest.fixture(scope="session")
def running_app() -> Iterator[Application]:
    """Return the application with the demo project, ready, as `make run` starts it; all tests share it."""
    with application("--demo") as started:
        started.wait_until_ready()
        yield started


def pytest_unconfigure() -> None:
    if own := sys.modules.get("tests.settings"):
        own.directory.cleanup()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-database", action="store_true", help="Run the tests that use the database alone.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--only-database"):
        return
    left_out = [item for item in items if not _uses_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return SharingScheduling(config, log) if config.getvalue("dist") == "loadscope" else None


class SharingScheduling(LoadScopeScheduling):
    """Sends tests that share what takes long to start to the same process of several: an installation, a browser."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        for database in ("sqlite", "postgresql"):
            if database in test:
                return database
        return "browser" if file in BROWSER or file.startswith("tests/browser/") else file


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None
