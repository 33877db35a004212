"""The page of one verdict."""

from uuid import uuid4

import pytest
from django.test import Client

from annotate.models import Assignment, Pair, Project, User
from tests.annotate.api.material import make_disagreement, make_snapshot
from tests.annotate.views.browsers import browser_of, main_of
from tests.factories import compare, make_member

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/disagreements"


def test_one_verdict_has_a_page_with_what_others_said(rosas: Client, project: Project, bob: User) -> None:
    Pair.objects.update(overlap=2)
    comparison = compare(project, bob)
    make_disagreement(comparison, make_snapshot(project), surprise=2.3, badge="contested")
    other = make_member(project, "ben")
    agreeing = compare(project, other)
    Assignment.objects.update(first_on_left=True)

    page = " ".join(main_of(rosas.get(f"{URL}/{comparison.public_id}")).split())

    assert "bob chose A is better" in page
    assert "2.30 nats of surprise · Contested" in page
    assert f"{URL}/{agreeing.public_id}" in page
    assert "ben</a> chose A is better" in page


def test_a_verdict_that_surprised_nobody_has_its_page_too(rosas: Client, project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    page = main_of(rosas.get(f"{URL}/{comparison.public_id}"))

    assert "No disagreement of the newest snapshot" in page
    assert "Nobody else has judged it." in page
    assert "head:" not in page


def test_a_verdicts_page_is_for_researchers_of_its_project(
    client: Client, bobs: Client, rosas: Client, project: Project, bob: User, charlie: User
) -> None:
    url = f"{URL}/{compare(project, bob).public_id}"

    statuses = [browser.get(url).status_code for browser in (client, bobs, rosas, browser_of(charlie))]

    assert statuses == [302, 403, 200, 404]
    assert rosas.get(f"{URL}/{uuid4()}").status_code == 404
