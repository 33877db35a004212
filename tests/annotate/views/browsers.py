"""A person at a browser, and what a page costs."""

from uuid import uuid4

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, User

HTMX = {"HX-Request": "true"}


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fragment(client: Client, url: str, data: dict[str, str] | None = None) -> HttpResponse:
    """Ask as htmx does: GET, or POST where there is something to send."""
    return client.post(url, data, headers=HTMX) if data is not None else client.get(url, headers=HTMX)


def n_queries(client: Client, url: str) -> int:
    """Return how many queries the page takes, after one visit that warms what is cached."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def main_of(response: HttpResponse) -> str:
    """Return what the page says, without its frame (whose forms carry random tokens)."""
    return response.content.decode().split("<main")[1].split("</main>")[0]


def verdict(assignment: Assignment, choice: str = "left", **also: str) -> dict[str, str]:
    """Return what the compare screen's form sends."""
    return {"assignment": str(assignment.public_id), "client_key": str(uuid4()), "choice": choice} | also
