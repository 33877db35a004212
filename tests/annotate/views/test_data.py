"""Exports by button, and how to import."""

import json

import pytest
from django.test import Client

from annotate.formats.exports import EXPORT_FORMATS
from annotate.models import Project, User
from tests.annotate.views.browsers import main_of, n_queries
from tests.factories import compare

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/data"


def rows(response: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]  # type: ignore[attr-defined]


def test_every_format_has_a_button_and_the_import_its_command(rosas: Client) -> None:
    page = main_of(rosas.get(URL))

    for name in EXPORT_FORMATS:
        assert f"{URL}/{name}" in page
    assert "manage.py import_pairs FILE --project antarctica" in page


def test_the_canonical_export_streams_every_comparison(rosas: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    response = rosas.get(f"{URL}/canonical")

    assert response.streaming
    assert 'filename="antarctica.jsonl"' in response["Content-Disposition"]
    assert sum(row["outcome"] == "first" for row in rows(response)) == 1


def test_the_trl_export_holds_chosen_and_rejected(rosas: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    (row,) = rows(rosas.get(f"{URL}/trl"))

    assert (row["chosen"], row["rejected"]) == ("No country owns it.", "Penguinland.")


def test_an_unknown_format_is_not_found(rosas: Client) -> None:
    assert rosas.get(f"{URL}/pickle").status_code == 404


def test_the_page_costs_the_same_with_more_comparisons(rosas: Client, project: Project, bob: User) -> None:
    before = n_queries(rosas, URL)

    compare(project, bob)

    assert n_queries(rosas, URL) == before
