"""Flags, renewals and leaving on the compare screen."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from annotate.models import Assignment, Flag, Project, User
from tests.annotate.views.browsers import fragment
from tests.factories import lease, make_member

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


def ends_in(assignment: Assignment) -> float:
    assignment.refresh_from_db()
    return (assignment.lease_ends_at - timezone.now()).total_seconds()


def test_a_flag_is_put_on_taken_off_and_put_on_again(bobs: Client, project: Project, bob: User) -> None:
    sent = {"assignment": str(lease(project, bob).public_id)}

    states = []
    for flag in ("on", "off", "on", "on"):
        assert fragment(bobs, URL, sent | {"flag": flag}).status_code == 200
        states.append(Flag.objects.get().withdrawn_at is None)

    assert states == [True, False, True, True]


def test_a_flagged_pair_is_flagged_after_a_reload(bobs: Client, project: Project, bob: User) -> None:
    fragment(bobs, URL, {"assignment": str(lease(project, bob).public_id), "flag": "on"})

    assert "data-flagged" in bobs.get(URL).content.decode()


def test_nobody_flags_what_is_lent_to_somebody_else(bobs: Client, project: Project, rosa: User) -> None:
    answer = fragment(bobs, URL, {"assignment": str(lease(project, rosa).public_id), "flag": "on"})

    assert answer.status_code == 404
    assert not Flag.objects.exists()


def test_a_page_that_is_looked_at_keeps_its_pairs(bobs: Client, project: Project, bob: User) -> None:
    held = lease(project, bob)
    Assignment.objects.update(lease_ends_at=Now() + timedelta(seconds=5))

    answer = fragment(bobs, URL, {"renew": "1", "have": str(held.public_id)})

    assert answer.status_code == 200
    assert ends_in(held) > project.lease_seconds - 5


def test_a_page_that_is_left_lets_go_after_a_moment_and_of_its_own_pairs_alone(
    bobs: Client, project: Project, bob: User
) -> None:
    bobs.get(URL)
    left, kept, _ = Assignment.objects.order_by("id")
    others = lease(project, make_member(project, "dora"))

    answer = fragment(bobs, URL, {"leave": [str(left.public_id), str(others.public_id), "nonsense"]})

    assert answer.status_code == 204
    assert 0 < ends_in(left) <= 15
    assert ends_in(kept) > 60
    assert ends_in(others) > 60


def test_a_reload_gets_the_same_pairs_and_keeps_them(bobs: Client, project: Project, bob: User) -> None:
    bobs.get(URL)
    shown = Assignment.objects.order_by("id").first()
    fragment(bobs, URL, {"leave": str(shown.public_id)})

    page = bobs.get(URL).content.decode()
    fragment(bobs, URL, {"renew": "1"})

    assert str(shown.public_id) in page
    assert ends_in(shown) > 60


def test_leaving_never_makes_a_lease_longer(bobs: Client, project: Project, bob: User) -> None:
    held = lease(project, bob)
    Assignment.objects.update(lease_ends_at=Now() + timedelta(seconds=2))

    fragment(bobs, URL, {"leave": str(held.public_id)})

    assert ends_in(held) <= 2
