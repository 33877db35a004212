"""What a person sees where there is nothing, or where something broke."""

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import permission_denied, server_error

from annotate.models import User
from tests.annotate.views.browsers import browser_of, main_of


@pytest.mark.django_db
def test_an_address_that_is_none_leads_back(client: Client, bob: User) -> None:
    for browser in (client, browser_of(bob)):
        response = browser.get("/no/such/page")

        assert response.status_code == 404
        assert 'href="/"' in main_of(response)


def test_a_broken_page_says_that_what_was_saved_is_safe() -> None:
    response = server_error(RequestFactory().get("/"))

    assert "What you had saved is safe" in main_of(response)
    assert 'id="refusal"' in main_of(response)


@pytest.mark.django_db
def test_a_denied_page_says_whom_to_ask() -> None:
    request = RequestFactory().get("/")
    request.user = User(username="bob")

    assert "Ask the project" in main_of(permission_denied(request, PermissionError()))
