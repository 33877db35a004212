"""Never more than k verdicts on a pair, never one lost: many annotators at once, and controls that must fail."""

import threading
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, User
from annotate.services.assigning import lease_again, lease_pairs
from annotate.services.comparing import record_comparison, retract_comparison
from annotate.services.errors import Conflict
from annotate.services.slots import release_expired
from tests.at_once import at_once
from tests.factories import lease, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

ANNOTATORS, PAIRS, OVERLAP = 12, 20, 3


def crowd() -> tuple[Project, list[User]]:
    project = make_project(n_pairs=PAIRS, overlap=OVERLAP)
    return project, [make_member(project, f"annotator-{n}") for n in range(ANNOTATORS)]


def judge(assignment: Assignment, by: User) -> Comparison:
    return record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=by)[0]


def lease_everything(project: Project, annotator: User) -> None:
    """Take pairs, five at a time, until none is left; close each by hand so that the next can come."""
    while held := lease_pairs(project=project, annotator=annotator, n=5):
        for assignment in held:
            record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=uuid4(), by=annotator)


def test_a_crowd_takes_every_slot_and_not_one_more() -> None:
    project, annotators = crowd()

    failures = [result for result in at_once(lambda who: lease_everything(project, who), annotators) if result]

    per_pair = Comparison.objects.values("assignment__pair").annotate(n=Count("id")).values_list("n", flat=True)
    assert failures == []
    assert list(per_pair) == [OVERLAP] * PAIRS
    assert not Comparison.objects.filter(surplus=True).exists()
    assert not Pair.objects.exclude(slots_taken=OVERLAP).exists()


def test_everybody_at_once_gets_a_pair_while_there_is_one_for_each() -> None:
    project = make_project(n_pairs=ANNOTATORS)
    annotators = [make_member(project, f"annotator-{n}") for n in range(ANNOTATORS)]

    leases = at_once(lambda who: [lent.pair_id for lent in lease_pairs(project=project, annotator=who)], annotators)

    assert sorted(pair for lent in leases for pair in lent) == sorted(project.pairs.values_list("pk", flat=True))


def test_counting_without_the_conditional_update_lends_too_much() -> None:
    """The control: the naive way, with the database's own CHECK told not to look, must exceed the overlap."""
    project, annotators = crowd()
    seen = threading.Barrier(ANNOTATORS)

    def naive(annotator: User) -> None:
        pair = Pair.objects.filter(project=project).annotate(n=Count("assignments")).filter(n__lt=F("overlap"))[0]
        seen.wait()
        Assignment.objects.create(
            project=project, pair=pair, annotator=annotator, stream="learn", first_on_left=True,
            leased_at="2026-01-01T00:00Z", lease_ends_at="2026-01-01T00:00Z",
        )  # fmt: skip

    at_once(naive, annotators)

    assert max(Pair.objects.annotate(n=Count("assignments")).values_list("n", flat=True)) > OVERLAP


def test_two_tabs_submit_different_verdicts_one_wins() -> None:
    project = make_project(n_pairs=10)
    bob = make_member(project)

    for _ in range(10):
        assignment = lease(project, bob)
        results = at_once(
            lambda outcome, assignment=assignment: record_comparison(
                assignment=assignment, outcome=outcome, client_key=uuid4(), by=bob
            ),
            [Outcome.FIRST, Outcome.SECOND],
        )
        assert sorted(isinstance(result, Conflict) for result in results) == [False, True], results

    assert Comparison.objects.count() == 10


def test_one_verdict_sent_three_times_at_once_is_one_row() -> None:
    project = make_project(n_pairs=1)
    bob = make_member(project)
    assignment, key = lease(project, bob), uuid4()

    results = at_once(
        lambda _: record_comparison(assignment=assignment, outcome=Outcome.FIRST, client_key=key, by=bob)[1],
        [1, 2, 3],
    )

    assert sorted(map(bool, results)) == [False, False, True], results
    assert Comparison.objects.count() == 1


def test_undo_sent_twice_at_once_frees_one_slot() -> None:
    project = make_project(n_pairs=1, overlap=2)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    lease(project, dora)
    comparison, _ = record_comparison(assignment=lease(project, bob), outcome=Outcome.FIRST, client_key=uuid4(), by=bob)

    results = at_once(lambda _: retract_comparison(comparison=comparison, by=bob), [1, 2])

    assert sorted(results, key=str) == [False, True], results
    assert project.pairs.get().slots_taken == 1


def test_requests_of_one_person_at_once_do_not_hold_more_than_they_asked_for() -> None:
    project = make_project(n_pairs=10)
    bob = make_member(project)

    leases = at_once(lambda _: lease_pairs(project=project, annotator=bob), [1, 2, 3, 4])

    assert leases == [[Assignment.objects.live().get()]] * 4


def test_a_late_verdict_and_its_pair_lent_anew_at_once_hold_one_slot() -> None:
    """One tab judges on the screen from before while another is lent the same pair again."""
    project = make_project(n_pairs=1, overlap=2)
    bob = make_member(project)

    for _ in range(20):
        assignment = lease(project, bob)
        Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))
        release_expired(project)
        judged, _ = at_once(lambda act: act(), [partial(judge, assignment, bob), partial(lease_again, assignment)])
        assert isinstance(judged, Comparison), judged
        assert (judged.surplus, project.pairs.get().slots_taken) == (False, 1)
        retract_comparison(comparison=judged, by=bob)


def test_a_lease_that_is_rolled_back_leaves_neither_assignment_nor_slot() -> None:
    project = make_project(n_pairs=1)
    bob = make_member(project)

    with transaction.atomic():
        lease_pairs(project=project, annotator=bob)
        transaction.set_rollback(True)

    assert not Assignment.objects.exists()
    assert project.pairs.get().slots_taken == 0
