"""Every test begins with nobody having called yet."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def forget_request_rates() -> Iterator[None]:
    yield
    cache.clear()
