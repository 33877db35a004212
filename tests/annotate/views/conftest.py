"""Who is at a browser."""

import pytest
from django.test import Client

from annotate.models import User
from tests.annotate.views.browsers import browser_of


@pytest.fixture
def bobs(bob: User) -> Client:
    """Return the browser of bob, who annotates."""
    return browser_of(bob)


@pytest.fixture
def rosas(rosa: User) -> Client:
    """Return the browser of rosa, who researches."""
    return browser_of(rosa)


@pytest.fixture
def alices(alice: User) -> Client:
    """Return the browser of alice, who runs the project."""
    return browser_of(alice)
