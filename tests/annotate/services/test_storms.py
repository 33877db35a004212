"""Storms of annotators, in a short form for every run and a long one; beside each the naive way, which must fail."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, User
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import Verdict, judge_and_lease, record_comparison, retract_comparison
from annotate.services.errors import Conflict
from annotate.services.slots import free_slot, release_expired
from tests.at_once import at_once
from tests.factories import compare, lease, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

OVERLAP = 3
AT_A_TIME = 5
WAYS_TO_COUNT = {False: "a count"}
if connection.features.has_select_for_update_skip_locked:  # SQLite has one writer at a time: no rows to lock
    WAYS_TO_COUNT[True] = "a count on a row that is locked"
long_too = pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.long)])


def crowd(n_annotators: int, n_pairs: int, number: int = 0) -> tuple[Project, list[User]]:
    project = make_project(f"storm-{number}", n_pairs=n_pairs, overlap=OVERLAP)
    return project, [make_member(project, f"annotator-{number}-{n}") for n in range(n_annotators)]


def failures(results: list[object]) -> list[object]:
    return [result for result in results if isinstance(result, Exception)]


def lease_all(project: Project, annotator: User) -> None:
    """Hold more and more pairs until there are none left."""
    n = AT_A_TIME
    while len(lease_pairs(project=project, annotator=annotator, n=n)) == n:
        n += AT_A_TIME


def drain(project: Project, annotator: User) -> None:
    """Judge one pair after the other, each verdict asking for the next, until none is left."""
    held = lease_pairs(project=project, annotator=annotator)
    while held:
        verdict = Verdict(Outcome.FIRST, uuid4())
        held = judge_and_lease(assignment=held[0], verdict=verdict, by=annotator, n=1).held


def naive_lease(project: Project, annotator: User, *, locked: bool) -> None:
    """Count the assignments of a pair and insert one where there is room, as if nobody else did."""
    lent = Assignment.objects.filter(pair=OuterRef("pk")).order_by().values("pair").annotate(n=Count("pk")).values("n")
    for _ in range(Pair.objects.filter(project=project).count()):
        with transaction.atomic():
            room = (
                Pair.objects.filter(project=project).annotate(n=Coalesce(Subquery(lent), 0)).filter(n__lt=F("overlap"))
            )
            mine = Assignment.objects.filter(annotator=annotator).values("pair")
            room = room.exclude(pk__in=mine).order_by("shuffle")
            pair = (room.select_for_update(skip_locked=True, of=("self",)) if locked else room).first()
            if pair is None:
                return
            Assignment.objects.create(
                project=project, pair=pair, annotator=annotator, stream="learn", first_on_left=True,
                leased_at=Now(), lease_ends_at=Now() + timedelta(minutes=5),
            )  # fmt: skip


@contextmanager
def without(model: type, constraint: str) -> Iterator[None]:
    """Take a constraint away and put it back when the rows that break it are gone."""
    (found,) = [one for one in model._meta.constraints if one.name == constraint]  # type: ignore[attr-defined]
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, found)
    try:
        yield
    finally:
        Comparison.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, found)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
def test_a_crowd_is_lent_every_slot_and_not_one_more(seed: int) -> None:
    project, annotators = crowd(24, 60, seed)

    results = at_once(partial(lease_all, project), annotators)

    assert failures(results) == []
    assert Assignment.objects.live().count() == 60 * OVERLAP
    assert not Pair.objects.exclude(slots_taken=OVERLAP).exists()


@pytest.mark.parametrize("locked", WAYS_TO_COUNT, ids=WAYS_TO_COUNT.get)
def test_counting_lends_more_than_there_is(locked: bool) -> None:
    """The control. On SQLite, where one writes at a time, counting is only wrong if it comes before the transaction."""
    most = 0
    for attempt in range(10):
        project, annotators = crowd(24, 60, attempt)
        if connection.vendor == "sqlite":
            _count_before_the_transaction(project, annotators)
        else:
            at_once(partial(naive_lease, project, locked=locked), annotators)
        most = max(most, Assignment.objects.filter(project=project).count())
        if most > 60 * OVERLAP:
            return
    pytest.fail(f"counting never lent more than {most}")


def _count_before_the_transaction(project: Project, annotators: list[User]) -> None:
    together = threading.Barrier(len(annotators))

    def naive(annotator: User) -> None:
        for pair in project.pairs.all():
            n = Assignment.objects.filter(pair=pair).count()
            together.wait()
            if n < OVERLAP:
                Assignment.objects.create(
                    project=project, pair=pair, annotator=annotator, stream="learn", first_on_left=True,
                    leased_at=Now(), lease_ends_at=Now() + timedelta(minutes=5),
                )  # fmt: skip
            together.wait()

    at_once(naive, annotators)


@long_too
def test_two_tabs_and_two_choices_are_one_verdict(rounds: int) -> None:
    project = make_project(n_pairs=rounds)
    bob = make_member(project)

    for _ in range(rounds):
        assignment = lease(project, bob)
        verdicts = [Verdict(outcome, uuid4()) for outcome in (Outcome.FIRST, Outcome.SECOND)]
        results = at_once(
            lambda verdict, assignment=assignment: judge_and_lease(assignment=assignment, verdict=verdict, by=bob, n=1),
            verdicts,
        )
        assert sorted(isinstance(result, Conflict) for result in results) == [False, True], results

    assert Comparison.objects.count() == rounds


def test_looking_before_storing_doubles_verdicts() -> None:
    """The control: without the database's own constraint, "is there one already?" is asked too early."""
    project = make_project(n_pairs=1)
    assignment = lease(project, make_member(project))
    together = threading.Barrier(2)

    def naive(outcome: Outcome) -> None:
        there = Comparison.objects.filter(assignment=assignment).exists()
        together.wait()
        if not there:
            Comparison.objects.create(project=project, assignment=assignment, outcome=outcome)

    with without(Comparison, "comparison_effective_once"):
        at_once(naive, [Outcome.FIRST, Outcome.SECOND])
        assert Comparison.objects.count() == 2


@long_too
def test_one_verdict_sent_three_times_at_once_is_stored_once(rounds: int) -> None:
    project = make_project(n_pairs=rounds)
    bob = make_member(project)

    for _ in range(rounds):
        send = partial(judge_and_lease, assignment=lease(project, bob), verdict=Verdict(Outcome.TIE, uuid4()), by=bob)
        results = at_once(lambda _, send=send: send(n=1), [1, 2, 3])
        assert failures(results) == []
        assert sorted(result.stored for result in results) == [False, False, True]  # type: ignore[attr-defined]

    assert Comparison.objects.count() == rounds


@long_too
def test_undo_races_undo_and_a_new_verdict(rounds: int) -> None:
    project = make_project(n_pairs=1, overlap=2)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    lease(project, dora)

    for _ in range(rounds):
        comparison = compare(project, bob)
        again = partial(
            record_comparison, assignment=comparison.assignment, outcome=Outcome.SECOND, client_key=uuid4(), by=bob
        )
        undo = partial(retract_comparison, comparison=comparison, by=bob)
        undone, undone_too, judged = at_once(lambda act: act(), [undo, undo, again])

        assert [undone, undone_too].count(True) == 1, (undone, undone_too)
        assert comparison.events.count() == 1
        standing = Comparison.objects.live().filter(assignment=comparison.assignment)
        assert standing.count() == (0 if isinstance(judged, Conflict) else 1), judged
        assert project.pairs.get().slots_taken == 1 + standing.count()
        for one in standing:
            retract_comparison(comparison=one, by=bob)


def test_undoing_without_asking_who_was_first_frees_two_slots() -> None:
    """The control: reading the verdict, then writing it, frees the slot once for each who read in time."""
    project = make_project(n_pairs=1, overlap=2)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    lease(project, dora)
    comparison = compare(project, bob)
    together = threading.Barrier(2)

    def naive(_: int) -> None:
        standing = Comparison.objects.get(pk=comparison.pk).retracted_at is None
        together.wait()
        if standing:
            Comparison.objects.filter(pk=comparison.pk).update(retracted_at=Now())
            free_slot(comparison.assignment)

    at_once(naive, [1, 2])

    assert project.pairs.get().slots_taken == 0  # dora's lease is not counted any more


@long_too
def test_late_verdicts_share_what_slots_are_left_and_none_is_lost(rounds: int) -> None:
    for number in range(rounds):
        project = make_project(f"late-{number}", n_pairs=1, overlap=OVERLAP)
        people = [make_member(project, f"late-{number}-{n}") for n in range(OVERLAP + 2)]
        late = [lease(project, person) for person in people[:OVERLAP]]
        Assignment.objects.filter(project=project).update(lease_ends_at=Now() - timedelta(seconds=1))
        release_expired(project)
        for person in people[OVERLAP:]:
            compare(project, person)

        judge = partial(record_comparison, outcome=Outcome.FIRST)
        results = at_once(
            lambda one, judge=judge: judge(assignment=one, by=one.annotator, client_key=uuid4()),
            late,
        )

        assert failures(results) == []
        assert Comparison.objects.filter(project=project, surplus=False).count() == OVERLAP
        assert Comparison.objects.filter(project=project, surplus=True).count() == 2
        assert project.pairs.get().slots_taken == OVERLAP


@pytest.mark.parametrize(
    ("n_annotators", "n_pairs"), [(10, 30), pytest.param(50, 1000, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_a_crowd_drains_a_project_to_the_last_slot(n_annotators: int, n_pairs: int) -> None:
    project, annotators = crowd(n_annotators, n_pairs)

    results = at_once(partial(drain, project), annotators)

    per_pair = Comparison.objects.values("assignment__pair").annotate(n=Count("id")).values_list("n", flat=True)
    assert failures(results) == []
    assert list(per_pair) == [OVERLAP] * n_pairs
    assert not Comparison.objects.filter(surplus=True).exists()
    assert not Assignment.objects.live().exists()
