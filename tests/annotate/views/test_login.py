"""Sign in with a password, sign out; guessing is slow and tells nothing."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory

from annotate.models import User
from tests.annotate.views.browsers import browser_of, main_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def paula(db: None) -> User:
    return make_user("paula", password=PASSWORD)


def sign_in(client: Client, username: str, password: str, **also: str) -> HttpResponse:
    return client.post("/login", {"username": username, "password": password, **also})


def without_token(response: HttpResponse) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", main_of(response))


def test_the_right_password_opens_the_projects(client: Client, paula: User) -> None:
    response = sign_in(client, "paula", PASSWORD)

    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_signing_in_leads_back_to_where_it_was_asked_for(client: Client, paula: User) -> None:
    response = sign_in(client, "paula", PASSWORD, next="/account")

    assert response["Location"] == "/account"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(client: Client, paula: User, elsewhere: str) -> None:
    response = sign_in(client, "paula", PASSWORD, next=elsewhere)

    assert response["Location"] == "/"


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(client: Client, paula: User) -> None:
    wrong, unknown = (without_token(sign_in(client, name, "guess")) for name in ("paula", "nobody"))

    assert wrong.replace("paula", "") == unknown.replace("nobody", "")
    assert "Please enter a correct username and password" in wrong


def test_ten_wrong_passwords_block_the_name_from_here(client: Client, paula: User) -> None:
    for _ in range(10):
        sign_in(client, "paula", "guess")

    response = sign_in(client, "paula", PASSWORD)

    assert response.status_code == 429
    assert "one-time sign-in link" in response.content.decode()


def test_the_session_key_changes_at_sign_in(client: Client, paula: User) -> None:
    client.get("/login")
    session = client.session
    session["kept"] = True
    session.save()
    before = client.session.session_key

    sign_in(client, "paula", PASSWORD)

    assert client.session.session_key != before


def test_somebody_signed_in_is_not_asked_again(paula: User) -> None:
    assert browser_of(paula).get("/login?next=/admin/")["Location"] == "/"


def test_signing_out_ends_the_session_and_takes_a_button(paula: User) -> None:
    browser = browser_of(paula)

    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout")["Location"] == "/login"
    assert browser.get("/").status_code == 302


def test_the_admin_site_uses_this_sign_in(client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/login?next=/admin/"


def test_a_form_without_its_csrf_token_is_refused_with_a_way_on() -> None:
    response = Client(enforce_csrf_checks=True).post("/login", {"username": "paula", "password": PASSWORD})

    assert response.status_code == 403
    assert "Reload the page" in response.content.decode()


def test_a_file_that_no_page_asked_for_is_never_spooled_to_disk(rf: RequestFactory) -> None:
    request = rf.post("/login", {"username": "bob", "f": SimpleUploadedFile("f", b"x" * 3_000_000)})

    assert request.POST["username"] == "bob"
    assert not request.FILES
