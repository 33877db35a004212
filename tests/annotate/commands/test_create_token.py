"""`manage.py create_token`."""

import io

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from annotate.models import ApiToken, User

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    written = io.StringIO()
    call_command("create_token", *arguments, stdout=written, stderr=io.StringIO())
    return written.getvalue().strip()


def test_it_prints_a_token_that_opens_the_api(bob: User) -> None:
    token = printed("bob", "--scope", "annotate", "--name", "laptop")

    assert APIClient().get("/api/v1/projects/", HTTP_AUTHORIZATION=f"Token {token}").status_code == 200
    assert ApiToken.objects.get().scope == "annotate"


def test_it_always_expires(bob: User) -> None:
    printed("bob", "--scope", "read", "--days", "1")

    assert ApiToken.objects.get().expiry is not None


@pytest.mark.parametrize(
    "arguments",
    [("nobody", "--scope", "read"), ("bob", "--scope", "all"), ("bob",), ("bob", "--scope", "read", "--days", "0")],
)
def test_what_will_not_do_is_refused(bob: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        printed(*arguments)

    assert not ApiToken.objects.exists()


def test_a_deactivated_person_gets_none(bob: User) -> None:
    User.objects.update(is_active=False)

    with pytest.raises(CommandError):
        printed("bob", "--scope", "read")
