"""Logs never hold a token that still opens something."""

import logging

import pytest
from django.test import Client

from annotate.models import User
from annotate.services.accounts import create_sign_in_link

pytestmark = pytest.mark.django_db


def test_a_link_pressed_on_a_page_out_of_date_is_logged_without_its_token(
    bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    token = create_sign_in_link(user=bob)
    console = logging.getLogger().handlers[0]

    Client(enforce_csrf_checks=True).post(f"/link/{token}")

    lines = [record.getMessage() for record in caplog.records if console.filter(record)]
    assert any("/link/..." in line for line in lines)
    assert not any(token in line for line in lines)


def test_only_the_filtered_handler_writes_djangos_lines() -> None:
    assert logging.getLogger("django").handlers == []
    assert all(handler.filters for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
