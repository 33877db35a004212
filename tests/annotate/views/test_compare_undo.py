"""Undo on the compare screen."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotate.models import Comparison, Outcome, Project, User
from tests.annotate.views.browsers import fragment, verdict
from tests.factories import compare, lease

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


def test_undo_takes_the_verdict_back_and_shows_that_very_pair(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged))
    comparison = Comparison.objects.get()

    answer = fragment(bobs, URL, {"undo": str(comparison.public_id)}).content.decode()

    comparison.refresh_from_db()
    assert comparison.retracted_at is not None
    assert re.search(rf'data-assignment="{judged.public_id}"\s+data-in-front', " ".join(answer.split()))


def test_a_browser_undoes_by_the_key_that_it_made(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))
    fragment(bobs, URL, sent)

    fragment(bobs, URL, {"undo": sent["client_key"]})

    assert Comparison.objects.get().retracted_at is not None


def test_without_a_script_undo_shows_that_very_pair_too(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    bobs.post(URL, verdict(judged))
    bobs.get(URL)

    response = bobs.post(URL, {"undo": str(Comparison.objects.get().public_id)}, follow=True)

    assert f'name="assignment" value="{judged.public_id}"' in response.content.decode()


def test_the_undone_pair_can_be_judged_anew(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged, "left"))
    fragment(bobs, URL, {"undo": str(Comparison.objects.get().public_id)})

    fragment(bobs, URL, verdict(judged, "tie"))

    assert Comparison.objects.live().get().outcome == Outcome.TIE


def test_undo_offers_the_verdict_before_the_last_after_it(bobs: Client, project: Project, bob: User) -> None:
    earlier, later = compare(project, bob), compare(project, bob)

    answer = fragment(bobs, URL, {"undo": str(later.public_id)}).content.decode()

    assert f'value="{earlier.public_id}"' in answer


def test_an_undo_that_is_sent_again_is_answered_as_the_first_was(bobs: Client, project: Project, bob: User) -> None:
    judged = compare(project, bob)
    sent = {"undo": str(judged.public_id)}
    fragment(bobs, URL, sent)

    answer = fragment(bobs, URL, sent)

    assert answer.status_code == 200
    assert "Undone. Judge it again." in answer.content.decode()
    assert f'data-assignment="{judged.assignment.public_id}"' in answer.content.decode()
    assert judged.events.count() == 1


def test_an_undo_that_is_sent_again_after_a_new_verdict_takes_nothing_back(
    bobs: Client, project: Project, bob: User
) -> None:
    judged = compare(project, bob)
    sent = {"undo": str(judged.public_id)}
    fragment(bobs, URL, sent)
    fragment(bobs, URL, verdict(judged.assignment, "tie"))

    answer = fragment(bobs, URL, sent)

    assert answer.status_code == 409
    assert Comparison.objects.live().get().outcome == Outcome.TIE


def test_nobody_undoes_somebody_elses_verdict(bobs: Client, project: Project, rosa: User) -> None:
    answer = fragment(bobs, URL, {"undo": str(compare(project, rosa).public_id)})

    assert answer.status_code == 404


def test_after_the_window_there_is_nothing_to_undo(bobs: Client, project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(created_at=timezone.now() - timedelta(hours=2))

    page = bobs.get(URL).content.decode()

    assert str(comparison.public_id) not in page
    assert re.search(r'id="undo"[^>]*\sdisabled', page)
