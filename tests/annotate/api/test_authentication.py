"""Tokens and sessions."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from annotate.api.permissions import Scope
from annotate.models import ApiToken, Project, User
from annotate.services.accounts import create_token
from annotate.services.members import remove_member
from tests.annotate.api.clients import client_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PROJECTS = "/api/v1/projects/"


def test_a_token_is_stored_as_a_hash_only(bob: User) -> None:
    token = create_token(user=bob, scope=Scope.READ)

    stored = ApiToken.objects.values().get()

    assert token not in str(stored)
    assert len(token) == 64


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token a b",
        "Token nonsense",
        "Token \xff\xfe",
        "Token a\x00b",
        "Token " + "f" * 64,
        "Bearer x",
        "Token ä",
    ],
)
def test_a_header_that_is_no_token_of_ours_gets_401(db: None, header: str) -> None:
    response = APIClient().get(PROJECTS, HTTP_AUTHORIZATION=header)

    assert response.status_code == 401
    assert response.json()["code"] in ("authentication_failed", "not_authenticated")


def test_an_expired_token_gets_401(bob: User) -> None:
    client = client_of(bob)
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))

    response = client.get(PROJECTS)

    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")


def test_a_deactivated_person_gets_401(bob: User) -> None:
    client = client_of(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert client.get(PROJECTS).status_code == 401


def test_a_removed_members_tokens_are_gone(project: Project, alice: User, bob: User) -> None:
    client = client_of(bob)

    remove_member(project=project, user=bob, by=alice)

    assert client.get(PROJECTS).status_code == 401


def test_a_session_reads_and_judges_with_the_csrf_token(project: Project, bob: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bob)
    client.cookies["csrftoken"] = secret = "s" * 32

    read = client.get(PROJECTS)
    leased = client.post(f"{PROJECTS}{project.slug}/assignments/", {}, headers={"X-CSRFToken": secret})

    assert (read.status_code, leased.status_code) == (200, 201)


def test_a_session_without_the_csrf_token_gets_403(project: Project, bob: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bob)

    response = client.post(f"{PROJECTS}{project.slug}/assignments/", {})

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_a_wrong_token_is_not_saved_by_a_session(bob: User) -> None:
    client = APIClient()
    client.force_login(bob)

    assert client.get(PROJECTS, HTTP_AUTHORIZATION="Token nonsense").status_code == 401


def test_the_import_annotators_name_cannot_have_a_working_token(db: None) -> None:
    reader = make_user("imported-reader")
    User.objects.filter(pk=reader.pk).update(is_active=False, imported=True)

    assert client_of(reader).get(PROJECTS).status_code == 401
