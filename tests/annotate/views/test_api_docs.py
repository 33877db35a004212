"""The API's page: for signed-in people, and nothing inline."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import User

pytestmark = pytest.mark.django_db


def test_a_signed_in_person_gets_the_page_and_the_csrf_token_to_try_it(client: Client, bob: User) -> None:
    client.force_login(bob)

    response = client.get("/api/docs")

    assert response.status_code == 200
    assert "csrftoken" in response.cookies


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    response = client.get("/api/docs")

    assert (response.status_code, response["Location"]) == (302, f"{reverse('login')}?next=/api/docs")


def test_the_page_has_no_inline_script_or_style(client: Client, bob: User) -> None:
    client.force_login(bob)

    page = client.get("/api/docs").content.decode()

    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page)
    assert "default-src 'none'" in client.get("/api/docs")["Content-Security-Policy"]
