"""The installation that the fault tests break, one on each database; every test has projects of its own in it."""

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, installation_on
from tests.faults.postgresql import Server
from tests.servers import SAFE, find_postgresql, private_postgresql


@pytest.fixture(scope="session")
def sqlite_installation() -> Iterator[Installation]:
    with installation_on(None) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_installation() -> Iterator[Installation]:
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL's server programs (install postgresql)")
    with private_postgresql(**SAFE) as address:
        try:
            with installation_on(address) as running:
                yield running
        finally:
            Server(address).stop()  # the one that a test may have started anew


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest) -> Installation:
    running: Installation = request.getfixturevalue(f"{request.param}_installation")
    return running
