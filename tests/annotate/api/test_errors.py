"""Whatever goes wrong is answered in one shape: code, message, details."""

from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient
from rest_framework.throttling import ScopedRateThrottle

from annotate.api.errors import answer_refusal
from annotate.api.parsing import MOST_BYTES
from annotate.models import Project, User
from tests.annotate.api.clients import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease_address(project: Project) -> str:
    return f"/api/v1/projects/{project.slug}/assignments/"


def shape(response: Any) -> tuple[int, str, set[str]]:
    answer = response.json()
    return response.status_code, answer["code"], set(answer)


KEYS = {"code", "message", "details"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[1, 2",
        b'{"n": NaN}',
        b'{"n": Infinity}',
        b'{"n": 1, "n": 2}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{",
        b'{"\\ud800": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_json_that_cannot_be_read_gets_400(lease_address: str, bob: User, body: bytes) -> None:
    response = client_of(bob).generic("POST", lease_address, body or b" ", content_type="application/json")

    assert shape(response) == (400, "parse_error", KEYS)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"n"', b"null", b"true"])
def test_json_that_is_no_object_gets_400(lease_address: str, bob: User, body: bytes) -> None:
    response = client_of(bob).generic("POST", lease_address, body, content_type="application/json")

    assert shape(response) == (400, "invalid_input", KEYS)


def test_a_body_beyond_the_limit_gets_413(lease_address: str, bob: User) -> None:
    body = b'{"x": "' + b"a" * MOST_BYTES + b'"}'

    response = client_of(bob).generic("POST", lease_address, body, content_type="application/json")

    assert shape(response) == (413, "too_large", KEYS)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_bodies_that_are_no_json_get_415(lease_address: str, bob: User, media_type: str) -> None:
    response = client_of(bob).generic("POST", lease_address, b"n=1", content_type=media_type)

    assert shape(response) == (415, "unsupported_media_type", KEYS)


@pytest.mark.parametrize(
    "fields",
    [{"n": "1"}, {"n": 1.5}, {"n": True}, {"n": 0}, {"n": 6}, {"n": None}, {"m": 1}, {"n": 1, "stream": "audit"}],
)
def test_fields_that_do_not_fit_are_named(lease_address: str, bob: User, fields: dict[str, Any]) -> None:
    response = client_of(bob).post(lease_address, fields)

    assert shape(response) == (400, "invalid_input", KEYS)
    assert set(response.json()["details"]["fields"]) & set(fields)


@pytest.mark.parametrize(
    "address", ["", "nothing/", "projects", "projects/a/b/", "assignments/12/skip/", "%00", "projects/%ff/"]
)
def test_addresses_that_lead_nowhere_get_404_as_json(bob: User, address: str) -> None:
    response = client_of(bob).get(f"/api/v1/{address}")

    assert shape(response) == (404, "not_found", KEYS)


def test_an_answer_type_that_is_not_offered_gets_406(bob: User) -> None:
    response = client_of(bob).get("/api/v1/projects/", HTTP_ACCEPT="text/html")

    assert shape(response) == (406, "not_acceptable", KEYS)


def test_calling_too_often_gets_429_with_the_time_to_wait(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ScopedRateThrottle.THROTTLE_RATES, "reading", "2/min")
    client = client_of(bob)

    answers = [client.get("/api/v1/me/comparisons/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert shape(answers[-1]) == (429, "throttled", KEYS)
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_one_persons_calls_do_not_count_for_another(bob: User, rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ScopedRateThrottle.THROTTLE_RATES, "reading", "1/min")
    client_of(bob).get("/api/v1/me/comparisons/")

    assert client_of(rosa).get("/api/v1/me/comparisons/").status_code == 200


def test_a_database_that_does_not_answer_gets_503_with_the_time_to_wait() -> None:
    response = answer_refusal(OperationalError("connection refused"), {})

    assert response is not None
    assert (response.status_code, response.data["code"], response["Retry-After"]) == (503, "unavailable", "5")


def test_a_fault_of_ours_is_left_to_django() -> None:
    assert answer_refusal(ZeroDivisionError(), {}) is None


def test_anonymous_callers_are_told_how_to_sign_in() -> None:
    response = APIClient().get("/api/v1/projects/")

    assert shape(response) == (401, "not_authenticated", KEYS)
    assert "Authorization: Token" in response.json()["message"]
