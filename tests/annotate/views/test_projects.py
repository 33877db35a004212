"""One's projects: what waits, whether the trainer lives."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from annotate.models import Project, Pulse, User
from annotate.services.projects import archive_project, pause_project
from annotate.services.training import record_pulse
from tests.annotate.views.browsers import browser_of, main_of, n_queries
from tests.factories import compare, lease, make_member, make_project, make_user

pytestmark = pytest.mark.django_db


def test_each_project_says_the_role_and_what_waits(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)
    lease(project, bob)

    page = main_of(bobs.get("/"))

    assert "You are annotator." in page
    assert "<b>4</b>" in page
    assert "/p/antarctica/compare" in page


def test_only_ones_own_projects_are_there(bobs: Client) -> None:
    make_project("arctic", n_pairs=1)

    assert "Arctic" not in main_of(bobs.get("/"))


def test_a_paused_project_offers_nothing_to_judge(bobs: Client, project: Project, alice: User) -> None:
    pause_project(project=project, by=alice)

    page = main_of(bobs.get("/"))

    assert "Paused" in page
    assert "/p/antarctica/compare" not in page


def test_an_archived_project_is_marked_and_stands_last(bobs: Client, project: Project, bob: User, alice: User) -> None:
    make_member(make_project("zebra"), "bob")
    archive_project(project=project, by=alice)

    page = main_of(bobs.get("/"))

    assert "Archived" in page
    assert page.index("Zebra") < page.index("Antarctica")


def test_somebody_without_a_project_is_told_how_to_get_one(charlie: User) -> None:
    assert "invitation link" in main_of(browser_of(charlie).get("/"))


def test_the_banner_says_that_training_is_paused_and_verdicts_are_safe(bobs: Client) -> None:
    page = bobs.get("/").content.decode()

    assert "Training has not started" in page
    assert "Verdicts are saved all the same" in page


def test_no_banner_while_the_workers_are_alive(bobs: Client) -> None:
    for process in Pulse.Process:
        record_pulse(process)

    page = bobs.get("/").content.decode()

    assert "Training" not in page
    assert "The trainer is alive" in page


def test_the_banner_says_since_when_the_worker_is_silent(bobs: Client) -> None:
    for process in Pulse.Process:
        Pulse.objects.create(process=process, beat_at=datetime(2026, 5, 4, 3, 2, tzinfo=UTC))

    assert "Training is paused since 4 May, 03:02 UTC" in bobs.get("/").content.decode()


def test_only_site_admins_see_new_project(bobs: Client) -> None:
    admin = browser_of(make_user("root", superuser=True))

    assert "/projects/new" not in bobs.get("/").content.decode()
    assert "/projects/new" in admin.get("/").content.decode()


def test_ten_more_projects_cost_no_more_queries(bobs: Client) -> None:
    before = n_queries(bobs, "/")

    for number in range(10):
        make_member(make_project(f"more-{number}", n_pairs=1), "bob")

    assert n_queries(bobs, "/") == before
