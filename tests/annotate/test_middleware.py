"""What every page has in common: no cache keeps it, and without a database a plain page says when to come back."""

import subprocess
import sys

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from annotate.middleware import RefusalMiddleware
from annotate.models import Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.views.browsers import browser_of
from tests.source import ROOT


class Nobody:
    """The person of a request whose session cannot be read."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @property
    def is_authenticated(self) -> bool:
        raise self._error


def answer_of(error: Exception, *, while_reading_the_session: bool) -> HttpResponse | None:
    request: HttpRequest = RequestFactory().get("/")
    request.user = Nobody(error)  # type: ignore[assignment]
    middleware = RefusalMiddleware(lambda _: HttpResponse())
    if while_reading_the_session:
        return middleware.process_view(request, None, (), {})
    return middleware.process_exception(request, error)


@pytest.mark.parametrize("while_reading_the_session", [True, False])
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")], ids=str)
def test_a_page_without_a_database_says_when_to_come_back(error: Exception, while_reading_the_session: bool) -> None:
    answer = answer_of(error, while_reading_the_session=while_reading_the_session)

    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Nothing was changed" in answer.content.decode()


def test_other_faults_are_not_taken_for_the_databases() -> None:
    assert answer_of(ValueError("ours"), while_reading_the_session=False) is None


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/account", "/p/antarctica/", "/p/antarctica/compare", "/no/such/page"])
def test_no_page_of_a_person_is_kept_by_a_cache(project: Project, bob: User, path: str) -> None:
    assert "no-store" in browser_of(bob).get(path)["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["projects/", "projects/antarctica/", "me/comparisons/", "projects/nowhere/"])
def test_no_answer_of_the_api_is_kept_by_a_cache(project: Project, bob: User, path: str) -> None:
    assert "no-store" in client_of(bob).get(f"/api/v1/{path}")["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/annotate/project/?name=%00", "/?x=%00", "/p/antarctica/?a=b%00"])
def test_a_nul_in_an_address_is_refused(project: Project, path: str) -> None:
    root = User.objects.create(username="root", is_staff=True, is_superuser=True)

    assert browser_of(root).get(path).status_code == 400


@pytest.mark.django_db
def test_the_head_of_the_login_page_can_be_asked_for(client: Client) -> None:
    assert client.head("/login").status_code == 200


def test_without_a_secret_key_the_start_ends_in_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert "SECRET_KEY is not set" in ended.stderr


@pytest.mark.parametrize(
    "program",
    [
        ("gunicorn", "annotate.wsgi", "--bind=127.0.0.1:0", "--no-control-socket"),
        ("celery", "-A", "annotate", "worker"),
    ],
    ids=["gunicorn", "celery"],
)
def test_without_a_secret_key_no_server_starts_and_none_ends_in_a_traceback(program: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 3
    assert "Tiebreak cannot start: SECRET_KEY is not set" in ended.stderr
    assert "Traceback" not in ended.stderr
