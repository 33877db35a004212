"""The installation that the fault tests break, one on each database; every test has projects of its own in it."""

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation
from tests.faults.installations import one_on_postgresql, one_on_sqlite


@pytest.fixture(scope="session")
def sqlite_installation() -> Iterator[Installation]:
    yield from one_on_sqlite()


@pytest.fixture(scope="session")
def postgresql_installation() -> Iterator[Installation]:
    yield from one_on_postgresql()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest) -> Installation:
    running: Installation = request.getfixturevalue(f"{request.param}_installation")
    return running
