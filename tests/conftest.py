"""Fixtures that many tests share: the cast, a project with pairs, real preferences, and the running application."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.models import Project, Role, User
from tests.application import Application, application
from tests.factories import make_member, make_project, make_user
from tests.servers import find_postgresql, private_postgresql

SHARED = {"running_app", "judging", "sqlite_installation", "postgresql_installation"}


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


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_shared_by(item)))
    if not config.getoption("--only-database"):
        return
    left_out = [item for item in items if not _uses_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _shared_by(item: pytest.Item) -> str:
    """Name what a test shares with others and takes long to start: one of several processes runs all of these."""
    parameters = getattr(item, "callspec", None)
    asked = {f"{kind}_installation" for kind in ("sqlite", "postgresql") if parameters and kind in parameters.id}
    shared = SHARED & (asked | set(getattr(item, "fixturenames", ())))
    return ", ".join(sorted(shared)) or item.nodeid.partition("::")[0]


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None
