"""One's own account."""

import re

import pytest
from django.test import Client

from annotate.models import ApiToken, Project, User
from annotate.services.accounts import create_token
from tests.annotate.views.browsers import browser_of, main_of, n_queries
from tests.factories import compare, make_user

pytestmark = pytest.mark.django_db

URL = "/account"
NEW = "an unusual long phrase"


def test_a_first_password_is_set_without_an_old_one(bobs: Client, bob: User) -> None:
    response = bobs.post(URL, {"password": "set", "new_password1": NEW, "new_password2": NEW})

    bob.refresh_from_db()
    assert response["Location"] == URL
    assert bob.check_password(NEW)
    assert bobs.get(URL).status_code == 200


def test_a_change_asks_for_the_old_password_and_signs_other_browsers_out(db: None) -> None:
    paula = make_user("paula", password="the old password here")
    here, elsewhere = browser_of(paula), browser_of(paula)
    sent = {"password": "set", "new_password1": NEW, "new_password2": NEW}

    without = here.post(URL, sent)
    here.post(URL, sent | {"old_password": "the old password here"})

    assert "errorlist" in without.content.decode()
    assert here.get(URL).status_code == 200
    assert elsewhere.get(URL).status_code == 302


@pytest.mark.parametrize("weak", ["short", "password1234", "0123456789ab"])
def test_a_weak_password_is_refused(bobs: Client, bob: User, weak: str) -> None:
    User.objects.filter(pk=bob.pk).update(username="0123456789ab")

    response = bobs.post(URL, {"password": "set", "new_password1": weak, "new_password2": weak})

    bob.refresh_from_db()
    assert "errorlist" in response.content.decode()
    assert not bob.has_usable_password()


def test_a_token_is_shown_once_and_works(bobs: Client) -> None:
    response = bobs.post(URL, {"token": "make", "name": "laptop", "scope": "read"})

    token = re.search(r'id="secret"\s+value="(\w+)"', response.content.decode())
    assert token
    assert Client().get("/api/v1/projects/", headers={"Authorization": f"Token {token[1]}"}).status_code == 200
    page = main_of(bobs.get(URL))
    assert "laptop" in page
    assert token[1] not in page


def test_a_token_of_no_known_scope_is_asked_for_again(bobs: Client) -> None:
    bobs.post(URL, {"token": "make", "scope": "everything"})

    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused(bobs: Client, bob: User) -> None:
    token = create_token(user=bob, scope=ApiToken.Scope.READ)

    bobs.post(URL, {"revoke": ApiToken.objects.get().token_key})

    assert Client().get("/api/v1/projects/", headers={"Authorization": f"Token {token}"}).status_code == 401


def test_a_token_that_no_database_could_hold_is_refused(bobs: Client) -> None:
    assert bobs.post(URL, {"revoke": "\x00"}).status_code == 400


def test_nobody_revokes_somebody_elses_token(bobs: Client, rosa: User) -> None:
    create_token(user=rosa, scope=ApiToken.Scope.READ)

    response = bobs.post(URL, {"revoke": ApiToken.objects.get().token_key})

    assert response.status_code == 404
    assert ApiToken.objects.exists()


@pytest.mark.parametrize(("theme", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_a_theme_is_remembered_by_this_browser(bobs: Client, theme: str, attribute: str) -> None:
    bobs.post(URL, {"browser": "save", "theme": theme})

    assert attribute in bobs.get("/").content.decode()


def test_automatic_is_no_theme(bobs: Client) -> None:
    bobs.post(URL, {"browser": "save", "theme": "auto"})

    assert "data-theme" not in bobs.get("/").content.decode()


def test_a_cookie_of_somebody_elses_making_reaches_no_attribute(bobs: Client) -> None:
    bobs.cookies["theme"] = '"><script>'

    assert "data-theme" not in bobs.get("/").content.decode()


def test_it_says_what_is_stored_about_oneself(bobs: Client, bob: User, project: Project) -> None:
    compare(project, bob)

    page = " ".join(main_of(bobs.get(URL)).split())

    assert "Antarctica (annotator)" in page
    assert "1 since" in page
    assert "0 of them taken back" in page


def test_ten_more_tokens_cost_no_more_queries(bobs: Client, bob: User) -> None:
    create_token(user=bob, scope=ApiToken.Scope.READ)
    before = n_queries(bobs, URL)

    for _ in range(10):
        create_token(user=bob, scope=ApiToken.Scope.READ)

    assert n_queries(bobs, URL) == before


def test_the_keys_that_one_chooses_are_ones_own_in_every_browser(bobs: Client, bob: User) -> None:
    bobs.post(URL, {"keys": "save", "key_preset": "letters"})

    bob.refresh_from_db()
    assert bob.key_preset == "letters"
    assert '<option value="letters" selected>' in browser_of(bob).get(URL).content.decode()


def test_keys_that_there_are_not_change_nothing(bobs: Client, bob: User) -> None:
    bobs.post(URL, {"keys": "save", "key_preset": "dvorak"})

    bob.refresh_from_db()
    assert bob.key_preset == "numbers"
