"""One transaction that stores a verdict and lends what comes next; and keeping leases alive."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Comparison, Membership, Outcome, Project, User
from annotate.services.assigning import LONGEST_HOLD_IN_LEASES, lease_pairs, renew_leases
from annotate.services.comparing import Judged, Verdict, judge_and_lease
from annotate.services.errors import AlreadyCompared, InvalidInput, NotFound
from annotate.services.projects import pause_project
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


def judge(assignment: Assignment, by: User, *, n: int, outcome: Outcome = Outcome.FIRST) -> Judged:
    return judge_and_lease(assignment=assignment, verdict=Verdict(outcome, uuid4()), by=by, n=n)


def test_the_answer_to_a_verdict_is_what_is_held_now(project: Project, bob: User) -> None:
    first, second = lease_pairs(project=project, annotator=bob, n=2)

    judged = judge(first, bob, n=2)

    assert judged.stored
    assert judged.held[0] == second
    assert [held.pk for held in judged.held] == [held.pk for held in lease_pairs(project=project, annotator=bob, n=2)]


def test_a_verdict_that_lends_nothing_leaves_the_pool_alone(project: Project, bob: User) -> None:
    judged = judge(lease(project, bob), bob, n=0)

    assert judged.held == []
    assert Assignment.objects.count() == 1


def test_a_verdict_sent_again_still_answers_with_what_is_held(project: Project, bob: User) -> None:
    assignment, verdict = lease(project, bob), Verdict(Outcome.FIRST, uuid4())
    once = judge_and_lease(assignment=assignment, verdict=verdict, by=bob, n=2)

    again = judge_and_lease(assignment=assignment, verdict=verdict, by=bob, n=2)

    assert (again.comparison, again.stored) == (once.comparison, False)
    assert again.held == once.held
    assert Comparison.objects.count() == 1


@pytest.mark.parametrize("outcome", [Outcome.SECOND, Outcome.TIE])
def test_a_refused_verdict_lends_nothing(db: None, outcome: Outcome) -> None:
    project = make_project(n_pairs=3, outcomes="binary")
    bob = make_member(project)
    assignment = lease(project, bob)
    judge(assignment, bob, n=0)

    with pytest.raises((AlreadyCompared, InvalidInput)):
        judge(assignment, bob, n=2, outcome=outcome)

    assert Assignment.objects.count() == 1


def test_somebody_elses_assignment_neither_judges_nor_lends(project: Project, bob: User, alice: User) -> None:
    assignment = lease(project, bob)

    with pytest.raises(NotFound):
        judge(assignment, alice, n=1)

    assert not Comparison.objects.exists()
    assert Assignment.objects.count() == 1


def test_a_paused_project_stores_the_verdict_and_lends_nothing(project: Project, bob: User, alice: User) -> None:
    assignment = lease(project, bob)
    pause_project(project=project, by=alice)
    assignment.project.refresh_from_db()

    judged = judge(assignment, bob, n=2)

    assert (judged.stored, judged.held) == (True, [])


def test_the_last_verdict_finds_a_lease_that_has_ended(db: None) -> None:
    project = make_project(n_pairs=2)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    left_behind, own = lease(project, dora), lease(project, bob)
    Assignment.objects.filter(pk=left_behind.pk).update(lease_ends_at=Now() - timedelta(seconds=1))

    judged = judge(own, bob, n=2)

    assert [held.pair for held in judged.held] == [left_behind.pair]


@pytest.mark.parametrize("n_pairs", [8, 40])
def test_judging_and_leasing_costs_the_same_queries_whatever_the_size(db: None, n_pairs: int) -> None:
    project = make_project(n_pairs=n_pairs)
    carol = make_member(project, "carol")  # whose coin draws the learn stream here; others cost one query more
    (assignment,) = lease_pairs(project=project, annotator=carol)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        judge(assignment, carol, n=1)

    statements = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == 9, statements


def test_a_walk_goes_on_where_it_was_and_comes_back_for_what_was_given_back(db: None) -> None:
    project = make_project(n_pairs=3)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    behind = lease(project, dora)
    judge(lease(project, bob), bob, n=0)
    Assignment.objects.filter(pk=behind.pk).update(lease_ends_at=Now() - timedelta(seconds=1))

    last = judge(lease(project, bob), bob, n=1)

    assert Membership.objects.get(user=bob).n_lent == 3
    assert [held.pair for held in last.held] == [behind.pair]


def test_renewing_gives_a_whole_lease_from_now(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    soon = Now() + timedelta(seconds=5)
    Assignment.objects.update(lease_ends_at=soon)

    renewed = renew_leases(project=project, annotator=bob)

    kept = Assignment.objects.get(pk=assignment.pk)
    assert renewed == {assignment.public_id: kept.lease_ends_at}
    assert Assignment.objects.filter(lease_ends_at__gt=Now() + timedelta(seconds=project.lease_seconds - 60)).exists()


def test_nobody_keeps_a_pair_for_ever(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    long_ago = timedelta(seconds=LONGEST_HOLD_IN_LEASES * project.lease_seconds)
    Assignment.objects.update(leased_at=Now() - long_ago)

    renewed = renew_leases(project=project, annotator=bob)

    assert renewed[assignment.public_id] == assignment.lease_ends_at


def test_renewing_touches_nobody_elses_lease_and_no_closed_one(project: Project, bob: User, alice: User) -> None:
    judge(lease(project, bob), bob, n=0)
    others = lease(project, alice)

    assert renew_leases(project=project, annotator=bob) == {}
    others.refresh_from_db()
    assert others.closed_at is None


def test_pairs_come_in_random_order_where_there_is_no_queue(db: None) -> None:
    project = make_project()
    late, early = make_pair(project, 9), make_pair(project, 2)

    held = lease_pairs(project=project, annotator=make_member(project), n=2)

    assert [assignment.pair for assignment in held] == [early, late]
