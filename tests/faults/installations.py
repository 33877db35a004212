"""Installations on either database, to be yielded from a fixture: whoever leaves much work behind has its own."""

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, installation_on
from tests.faults.postgresql import Server
from tests.servers import SAFE, find_postgresql, private_postgresql


def one_on_sqlite() -> Iterator[Installation]:
    with installation_on(None) as running:
        yield running


def one_on_postgresql() -> Iterator[Installation]:
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL's server programs (install postgresql)")
    with private_postgresql(**SAFE) as address:
        try:
            with installation_on(address) as running:
                yield running
        finally:
            Server(address).stop()  # the one that a test may have started anew
