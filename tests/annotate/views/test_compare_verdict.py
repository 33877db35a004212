"""Verdicts and skips on the compare screen, with htmx and without a script."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.test import Client

from annotate.models import Assignment, Comparison, Membership, Outcome, Pair, Project, User
from tests.annotate.views.browsers import fragment, verdict
from tests.factories import lease, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


@pytest.mark.parametrize("first_on_left", [True, False])
@pytest.mark.parametrize(
    ("choice", "as_seen"), [("left", True), ("right", False), ("tie", Outcome.TIE), ("both_bad", Outcome.BOTH_BAD)]
)
def test_a_verdict_is_stored_in_stored_order(
    bobs: Client, project: Project, bob: User, first_on_left: bool, choice: str, as_seen: bool | Outcome
) -> None:
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=first_on_left)

    fragment(bobs, URL, verdict(assignment, choice))

    on_first = Outcome.FIRST if as_seen == first_on_left else Outcome.SECOND
    assert Comparison.objects.get().outcome == (on_first if isinstance(as_seen, bool) else as_seen)


def test_the_answer_to_a_verdict_is_the_pairs_ahead_and_what_was_saved(
    bobs: Client, project: Project, bob: User
) -> None:
    judged = lease(project, bob)

    answer = fragment(bobs, URL, verdict(judged)).content.decode()

    following = Assignment.objects.exclude(pk=judged.pk)
    assert following.count() == 3
    assert all(str(one.public_id) in answer for one in following)
    assert "Saved: A is better." in answer
    assert "<html" not in answer


def test_without_a_script_the_form_posts_and_redirects(bobs: Client, project: Project, bob: User) -> None:
    response = bobs.post(URL, verdict(lease(project, bob)))

    assert (response.status_code, response["Location"]) == (302, URL)
    assert "Saved: A is better." in bobs.get(URL).content.decode()


def test_every_pair_has_a_client_key_of_its_own(bobs: Client) -> None:
    keys = [re.search(r'name="client_key" value="([^"]+)"', bobs.get(URL).content.decode()) for _ in range(2)]

    assert len({UUID(key[1]) for key in keys if key}) == 2


def test_a_double_press_is_stored_once(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))

    answers = [fragment(bobs, URL, sent) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert Comparison.objects.count() == 1


def test_the_same_key_with_another_choice_is_refused(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))
    fragment(bobs, URL, sent)

    answer = fragment(bobs, URL, sent | {"choice": "right"})

    assert answer.status_code == 422
    assert Comparison.objects.count() == 1


def test_a_verdict_sent_again_after_its_undo_does_not_look_saved(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))
    fragment(bobs, URL, sent)
    fragment(bobs, URL, {"undo": str(Comparison.objects.get().public_id)})

    answer = fragment(bobs, URL, sent).content.decode()

    assert "You took this verdict back" in answer
    assert "Saved" not in answer


def test_a_second_tab_is_told_that_the_first_verdict_stands_and_goes_on(
    bobs: Client, project: Project, bob: User
) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged, "left"))

    answer = fragment(bobs, URL, verdict(judged, "right"))

    assert "your first verdict stands" in answer.content.decode()
    assert "It says: A is better." in answer.content.decode()
    assert answer.status_code == 409
    assert Comparison.objects.count() == 1


def test_times_come_from_the_browser(bobs: Client, project: Project, bob: User) -> None:
    times = {"shown_at": "2026-01-02T03:04:05.000Z", "decided_at": "2026-01-02T03:04:09.500Z"}

    fragment(bobs, URL, verdict(lease(project, bob), **times))

    stored = Comparison.objects.get()
    assert stored.shown_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert stored.seconds == 4.5


@pytest.mark.parametrize(
    "shown_at",
    [
        "yesterday", "2026-13-45T99:00:00Z", "2026-01-02T03:04:05", "\x00",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    ],
)  # fmt: skip
def test_a_verdict_is_never_refused_over_its_clock(bobs: Client, project: Project, bob: User, shown_at: str) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, bob), shown_at=shown_at))

    assert answer.status_code == 200
    assert Comparison.objects.get().shown_at is None


@pytest.mark.parametrize("wrong", [{"choice": "first"}, {"client_key": "7"}, {"assignment": "7"}, {"client_key": ""}])
def test_what_no_page_sends_is_refused(bobs: Client, project: Project, bob: User, wrong: dict[str, str]) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, bob)) | wrong)

    assert answer.status_code == 400
    assert not Comparison.objects.exists()


def test_somebody_elses_assignment_does_not_exist(bobs: Client, project: Project, rosa: User) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, rosa)))

    assert answer.status_code == 404
    assert not Comparison.objects.exists()


def test_a_press_of_somebody_who_was_signed_in_before_is_not_taken(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob), by="7a1c1a52-5a3c-4f0e-9f52-0d4f7f0f3a11")

    answer = fragment(bobs, URL, sent)

    assert answer.status_code == 401
    assert "Somebody else is signed in" in answer.content.decode()
    assert not Comparison.objects.exists()


def test_a_comment_goes_with_the_verdict(bobs: Client, project: Project, bob: User) -> None:
    fragment(bobs, URL, verdict(lease(project, bob), comment="B invents a source."))

    assert Comparison.objects.get().comment == "B invents a source."


def test_an_assignment_of_another_project_does_not_exist_here(bobs: Client, bob: User, project: Project) -> None:
    other = make_project("arctic", n_pairs=1)
    Membership.objects.create(project=other, user=bob, role="annotator")

    answer = fragment(bobs, URL, verdict(lease(other, bob)))

    assert answer.status_code == 404


def test_a_skip_gives_the_pair_back_with_its_reason(bobs: Client, project: Project, bob: User) -> None:
    skipped = lease(project, bob)

    answer = fragment(bobs, URL, {"assignment": str(skipped.public_id), "skip": "unclear_prompt"})

    skipped.refresh_from_db()
    assert (skipped.closed_as, skipped.skip_reason) == ("skipped", "unclear_prompt")
    assert str(skipped.public_id) not in answer.content.decode()
    assert Pair.objects.get(pk=skipped.pair_id).slots_taken == 0
