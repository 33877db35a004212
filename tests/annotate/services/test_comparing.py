"""Verdicts, skips and retractions: none lost, none doubled."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, ComparisonEvent, Outcome, Project, User
from annotate.services.comparing import Timing, record_comparison, retract_comparison, skip_assignment
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, KeyReused, NotFound
from annotate.services.slots import release_expired
from tests.factories import compare, lease, make_member, make_project

pytestmark = pytest.mark.django_db


def late_without_a_slot(project: Project) -> Assignment:
    """Return a lease of bob's that ended before dora judged the project's only pair."""
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    late = lease(project, bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))
    compare(project, dora)
    return late


def slots(assignment: Assignment) -> int:
    assignment.pair.refresh_from_db()
    return assignment.pair.slots_taken


def test_a_verdict_is_stored_and_closes_its_assignment(project: Project, bob: User) -> None:
    assignment = lease(project, bob)

    comparison, stored = record_comparison(
        assignment=assignment, outcome=Outcome.SECOND, client_key=uuid4(), by=bob, comment="clearer"
    )

    assignment.refresh_from_db()
    assert stored
    assert (comparison.outcome, comparison.comment, comparison.surplus) == (Outcome.SECOND, "clearer", False)
    assert assignment.closed_as == Assignment.ClosedAs.COMPARED
    assert slots(assignment) == 1


def test_a_replay_with_the_same_key_returns_the_first_row(project: Project, bob: User) -> None:
    assignment, key = lease(project, bob), uuid4()
    first, _ = record_comparison(assignment=assignment, outcome=Outcome.TIE, client_key=key, by=bob)

    replay, stored = record_comparison(assignment=assignment, outcome=Outcome.TIE, client_key=key, by=bob)

    assert (replay, stored) == (first, False)
    assert Comparison.objects.count() == 1


def test_a_key_that_comes_back_with_another_body_is_refused(project: Project, bob: User) -> None:
    assignment, key = lease(project, bob), uuid4()
    record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=key, by=bob)

    with pytest.raises(KeyReused):
        record_comparison(assignment=assignment, outcome=Outcome.SECOND, client_key=key, by=bob)


def test_a_second_verdict_on_a_pair_is_refused_with_the_stored_one(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)

    with pytest.raises(AlreadyCompared) as refusal:
        record_comparison(assignment=assignment, outcome=Outcome.SECOND, client_key=uuid4(), by=bob)

    assert refusal.value.details["outcome"] == Outcome.FIRST
    assert Comparison.objects.count() == 1


def test_somebody_elses_assignment_does_not_exist(project: Project, bob: User, alice: User) -> None:
    assignment = lease(project, bob)

    with pytest.raises(NotFound):
        record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=alice)


def test_an_outcome_that_the_project_does_not_offer_is_refused(db: None) -> None:
    project = make_project(n_pairs=1, outcomes=Project.Outcomes.BINARY)
    bob = make_member(project)

    with pytest.raises(InvalidInput):
        record_comparison(assignment=lease(project, bob), outcome=Outcome.TIE, client_key=uuid4(), by=bob)


@pytest.mark.parametrize("comment", ["a\x00b", "x" * 10_001])
def test_a_comment_that_cannot_be_stored_is_refused_and_the_pair_stays_lent(
    project: Project, bob: User, comment: str
) -> None:
    assignment = lease(project, bob)

    with pytest.raises(InvalidInput):
        record_comparison(assignment=assignment, outcome=Outcome.TIE, client_key=uuid4(), by=bob, comment=comment)

    assert lease(project, bob) == assignment


def test_a_late_verdict_takes_its_slot_again(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))
    release_expired()
    assert slots(assignment) == 0

    comparison, _ = record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)

    assert not comparison.surplus
    assert slots(assignment) == 1


def test_a_late_verdict_without_a_free_slot_is_kept_as_surplus(db: None) -> None:
    late = late_without_a_slot(make_project(n_pairs=1))

    comparison, _ = record_comparison(assignment=late, outcome=Outcome.FIRST, client_key=uuid4(), by=late.annotator)

    assert comparison.surplus
    assert slots(late) == 1


def test_a_verdict_after_a_skip_in_another_tab_is_kept(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    skip_assignment(assignment=assignment, reason="", by=bob)

    comparison, stored = record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)

    assert stored
    assert not comparison.surplus
    assert slots(assignment) == 1


def test_a_skip_frees_the_slot_once(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    skip_assignment(assignment=assignment, reason="too hard", by=bob)

    with pytest.raises(Conflict):
        skip_assignment(assignment=assignment, reason="too hard", by=bob)

    assignment.refresh_from_db()
    assert (assignment.closed_as, assignment.skip_reason, slots(assignment)) == ("skipped", "too hard", 0)


def test_undo_appends_a_retraction_and_frees_the_slot(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    retract_comparison(comparison=comparison, by=bob)

    comparison.refresh_from_db()
    assert comparison.retracted_at is not None
    assert comparison.outcome == Outcome.FIRST
    assert ComparisonEvent.objects.get().kind == ComparisonEvent.Kind.RETRACT
    assert slots(comparison.assignment) == 0
    assert not Comparison.objects.live().exists()


def test_an_undo_that_is_sent_again_is_done_and_changes_nothing(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    assert retract_comparison(comparison=comparison, by=bob)
    Comparison.objects.update(created_at=Now() - timedelta(seconds=project.undo_seconds + 1))
    assert not retract_comparison(comparison=comparison, by=bob)

    assert ComparisonEvent.objects.count() == 1
    assert slots(comparison.assignment) == 0


def test_an_undo_that_is_sent_again_leaves_a_new_verdict_alone_and_says_so(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    retract_comparison(comparison=comparison, by=bob)
    again, _ = record_comparison(assignment=comparison.assignment, outcome=Outcome.SECOND, client_key=uuid4(), by=bob)

    with pytest.raises(Conflict, match="anew"):
        retract_comparison(comparison=comparison, by=bob)

    assert list(Comparison.objects.live()) == [again]


def test_a_voided_verdict_cannot_be_undone(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(voided_at=Now())

    with pytest.raises(Conflict, match="voided"):
        retract_comparison(comparison=comparison, by=bob)


def test_undo_after_the_window_is_refused(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(created_at=Now() - timedelta(seconds=project.undo_seconds + 1))

    with pytest.raises(Conflict, match="over"):
        retract_comparison(comparison=comparison, by=bob)


def test_somebody_elses_verdict_cannot_be_undone(project: Project, bob: User, alice: User) -> None:
    comparison = compare(project, bob)

    with pytest.raises(NotFound):
        retract_comparison(comparison=comparison, by=alice)


def test_undoing_a_surplus_verdict_frees_no_slot(db: None) -> None:
    late = late_without_a_slot(make_project(n_pairs=1))
    comparison, _ = record_comparison(assignment=late, outcome=Outcome.FIRST, client_key=uuid4(), by=late.annotator)

    retract_comparison(comparison=comparison, by=late.annotator)

    assert slots(late) == 1


def test_an_undone_pair_can_be_judged_again(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    retract_comparison(comparison=comparison, by=bob)

    again, stored = record_comparison(
        assignment=comparison.assignment, outcome=Outcome.SECOND, client_key=uuid4(), by=bob
    )

    assert stored
    assert list(Comparison.objects.live()) == [again]
    assert slots(comparison.assignment) == 1


def test_the_database_itself_refuses_a_second_effective_comparison(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    with pytest.raises(IntegrityError), transaction.atomic():
        Comparison.objects.create(project=project, assignment=comparison.assignment, outcome=Outcome.SECOND)


def test_the_database_itself_refuses_more_slots_than_the_overlap(project: Project) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        project.pairs.update(slots_taken=2)


@pytest.mark.parametrize(("shown", "decided", "seconds"), [(0, 3, 3.0), (3, 0, None), (None, 3, None), (0, None, None)])
def test_seconds_come_from_the_browsers_clock_where_it_makes_sense(
    shown: int | None, decided: int | None, seconds: float | None
) -> None:
    def at(second: int | None) -> datetime | None:
        return None if second is None else datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC)

    assert Timing(at(shown), at(decided)).seconds() == seconds
