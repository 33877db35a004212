"""One-time sign-in links."""

import pytest
from django.test import Client

from annotate.models import SignInLink, User
from annotate.services.accounts import create_sign_in_link
from tests.annotate.views.browsers import main_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(bob: User) -> str:
    return f"/link/{create_sign_in_link(user=bob)}"


def test_opening_the_link_says_whom_it_signs_in_and_spends_nothing(client: Client, address: str) -> None:
    pages = [client.get(address) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert "Sign in as bob" in pages[1].content.decode()
    assert SignInLink.objects.get().used_at is None


def test_the_button_signs_in(client: Client, address: str) -> None:
    response = client.post(address)

    assert response["Location"] == "/"
    assert "Set a password" in client.get("/").content.decode()


def test_it_works_once(client: Client, address: str) -> None:
    client.post(address)

    again = Client().post(address)

    assert again.status_code == 410
    assert "Ask an admin" in again.content.decode()


def test_an_unknown_link_and_a_spent_one_get_the_same_answer(client: Client, address: str) -> None:
    client.post(address)
    stranger = Client()

    spent, unknown = stranger.get(address), stranger.get("/link/no-such-token")

    assert (spent.status_code, main_of(spent)) == (unknown.status_code, main_of(unknown))


def test_it_does_not_open_a_closed_account(client: Client, address: str, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert client.post(address).status_code == 410


def test_it_replaces_whoever_was_signed_in(client: Client, address: str) -> None:
    client.force_login(make_user("eve"))

    client.post(address)

    assert client.session["_auth_user_id"] == str(User.objects.get(username="bob").pk)
