"""The API describes itself, completely and without warnings."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern

from annotate.api import urls
from annotate.models import User
from tests.annotate.api.clients import client_of
from tests.annotate.api.test_access import ENDPOINTS

pytestmark = pytest.mark.django_db

UNDESCRIBED = {"schema", "no-such-endpoint"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    written = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format=openapi-json", stdout=written)
    described: dict[str, Any] = json.loads(written.getvalue())
    return described


def test_every_address_and_verb_is_described_and_in_the_access_table(schema: dict[str, Any]) -> None:
    described = {
        (path, method)
        for path, operations in schema["paths"].items()
        for method in operations
        if method != "parameters"
    }
    addresses = {pattern.name: address_of(pattern) for pattern in urls.urlpatterns}

    tested = {(addresses[entry.name], entry.method) for entry in ENDPOINTS if entry.name not in UNDESCRIBED}

    assert described - {("/api/v1/projects/", "post")} == tested


def address_of(pattern: URLPattern) -> str:
    """Return the address as the schema writes it: /api/v1/projects/{slug}/."""
    parts = str(pattern.pattern).replace("<", "{").replace(">", "}").split("/")
    return "/api/v1/" + "/".join("{" + part.split(":")[-1] if part.startswith("{") else part for part in parts)


def test_every_operation_says_what_it_does_and_what_a_refusal_looks_like(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], f"{method} {path}"
            assert "Refusal" in str(operation["responses"]["default"]), f"{method} {path}"


def test_the_schema_is_served_as_json(bob: User) -> None:
    response = client_of(bob).get("/api/v1/schema/")

    assert response.status_code == 200
    assert response.json()["openapi"] == "3.1.0"


def test_nothing_an_annotator_gets_is_described_with_what_unblinds(schema: dict[str, Any]) -> None:
    described = schema["components"]["schemas"]

    for name in ("Assignment", "LentRanking", "ShownResponse", "OwnComparison", "OwnRanking"):
        assert not {"source", "stream", "p_first", "snapshot", "propensity"} & set(described[name]["properties"])
