"""Asking again: one more person per pair, blind, among controls; and the flip rates that come of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Count
from django.db.models.functions import Now

from annotate.models import AskedAgain, Assignment, AuditEvent, Comparison, Outcome, Pair, Project, Stream, User
from annotate.selectors.asked_again import flips_of_asked
from annotate.selectors.progress import progress
from annotate.services.asking_again import MOST_AT_ONCE, Asked, ask_again
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison, retract_comparison, skip_assignment
from annotate.services.errors import Conflict, InvalidInput
from annotate.services.slots import release_expired
from annotate.services.voiding import restore_comparisons, void_comparisons
from tests.annotate.api.material import make_disagreement, make_snapshot
from tests.at_once import at_once
from tests.factories import compare, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(project: Project) -> User:
    return make_member(project, "ben")


@pytest.fixture
def judged(project: Project, bob: User) -> list[Comparison]:
    """Return bob's verdicts on all pairs: the first two surprise, with the third and fourth as controls."""
    return judge_all(project, bob)


def judge_all(project: Project, annotator: User) -> list[Comparison]:
    snapshot = make_snapshot(project)
    verdicts = [compare(project, annotator) for _ in range(project.pairs.count())]
    for place in (0, 1):
        control = {"control": verdicts[2 + place], "control_p_left_out": 0.9}
        make_disagreement(verdicts[place], snapshot, surprise=3 - place, **control)
    return verdicts


def answer(assignment: Assignment, outcome: Outcome = Outcome.FIRST) -> Comparison:
    return record_comparison(assignment=assignment, outcome=outcome, client_key=uuid4(), by=assignment.annotator)[0]


def held(project: Project, annotator: User) -> dict[int, Assignment]:
    """Lend the annotator whatever there is for them, and return it by pair."""
    return {one.pair_id: one for one in lease_pairs(project=project, annotator=annotator, n=5)}


def pairs_of(comparisons: list[Comparison]) -> set[int]:
    return {one.assignment.pair_id for one in comparisons}


@pytest.mark.usefixtures("judged")
def test_before_anybody_asks_there_is_nothing_for_one_more_person(project: Project, ben: User) -> None:
    assert held(project, ben) == {}


def test_one_more_person_gets_each_pair_and_its_control_and_no_slot_of_the_pair_is_taken(
    project: Project, judged: list[Comparison], bob: User, ben: User, rosa: User
) -> None:
    asked = ask_again(project=project, top=2, by=rosa)

    lent = held(project, ben)

    assert asked == Asked(n_surprising=2, n_controls=2)
    assert set(lent) == pairs_of(judged[:4])
    assert {one.stream for one in lent.values()} == {Stream.AGAIN}
    assert held(project, bob) == {}
    assert held(project, make_member(project, "bea")) == {}
    assert not Pair.objects.exclude(slots_taken=1).exists()
    assert AuditEvent.objects.filter(actor=rosa, verb="asked again about 2 verdicts in").exists()


def test_the_most_surprising_are_asked_or_those_that_are_chosen(
    project: Project, judged: list[Comparison], ben: User, rosa: User
) -> None:
    ask_again(project=project, top=1, by=rosa)
    top = set(held(project, ben))

    ask_again(project=project, chosen=[judged[1].public_id], by=rosa)

    assert top == pairs_of([judged[0], judged[2]])
    assert set(held(project, ben)) == pairs_of(judged[:4])


@pytest.mark.usefixtures("judged")
def test_what_was_asked_again_is_not_asked_a_third_time(project: Project, rosa: User) -> None:
    ask_again(project=project, top=1, by=rosa)

    assert ask_again(project=project, top=2, by=rosa) == Asked(1, 1)
    with pytest.raises(Conflict):
        ask_again(project=project, top=2, by=rosa)


@pytest.mark.usefixtures("judged")
def test_a_choice_of_none_or_of_too_many_or_where_people_rank_is_refused(project: Project, rosa: User) -> None:
    for choice in ({}, {"top": MOST_AT_ONCE + 1}, {"chosen": [uuid4() for _ in range(MOST_AT_ONCE + 1)]}):
        with pytest.raises(InvalidInput):
            ask_again(project=project, by=rosa, **choice)
    project.outcomes = Project.Outcomes.RANKING
    with pytest.raises(InvalidInput):
        ask_again(project=project, top=1, by=rosa)


def test_ties_closed_pairs_and_verdicts_of_another_project_are_not_asked_again(
    project: Project, judged: list[Comparison], bob: User, rosa: User
) -> None:
    Comparison.objects.filter(pk=judged[0].pk).update(outcome=Outcome.TIE)
    Pair.objects.filter(pk=judged[1].assignment.pair_id).update(open=False)
    elsewhere = make_project("elsewhere", n_pairs=5)
    make_member(elsewhere, "bob")
    (foreign, *_) = judge_all(elsewhere, bob)

    for choice in ({"top": 5}, {"chosen": [foreign.public_id]}):
        with pytest.raises(Conflict):
            ask_again(project=project, by=rosa, **choice)

    assert not AskedAgain.objects.exists()


def test_a_control_that_will_not_do_is_left_out(
    project: Project, judged: list[Comparison], ben: User, bob: User, rosa: User
) -> None:
    retract_comparison(comparison=judged[2], by=bob)
    Pair.objects.filter(pk=judged[3].assignment.pair_id).update(open=False)

    assert ask_again(project=project, top=2, by=rosa) == Asked(n_surprising=2, n_controls=0)


def test_a_pair_that_surprised_twice_is_asked_once(project: Project, bob: User, ben: User, rosa: User) -> None:
    Pair.objects.update(overlap=2)
    snapshot = make_snapshot(project)
    for annotator in (bob, ben):
        make_disagreement(compare(project, annotator), snapshot)

    assert ask_again(project=project, top=5, by=rosa).n_surprising == 1


@pytest.mark.parametrize("way", ["skip", "undo", "expiry"])
def test_what_comes_back_without_a_verdict_goes_to_somebody_else(
    project: Project, judged: list[Comparison], ben: User, rosa: User, way: str
) -> None:
    ask_again(project=project, chosen=[judged[0].public_id], by=rosa)
    bea, pair = make_member(project, "bea"), judged[0].assignment.pair_id
    lent = held(project, ben)[pair]

    before = held(project, bea)
    if way == "skip":
        skip_assignment(assignment=lent, reason="too hard", by=ben)
    elif way == "undo":
        retract_comparison(comparison=answer(lent), by=ben)
    else:
        Assignment.objects.filter(pk=lent.pk).update(lease_ends_at=Now() - timedelta(seconds=1))
        release_expired(project)

    assert before == {}
    assert set(held(project, bea)) == {pair}


def test_a_late_verdict_is_surplus_where_somebody_else_was_asked_meanwhile(
    project: Project, judged: list[Comparison], ben: User, rosa: User
) -> None:
    ask_again(project=project, chosen=[judged[0].public_id], by=rosa)
    bea, pair = make_member(project, "bea"), judged[0].assignment.pair_id
    late = held(project, ben)
    Assignment.objects.filter(annotator=ben).update(lease_ends_at=Now() - timedelta(seconds=1))
    release_expired(project)
    in_time = answer(held(project, bea)[pair])

    others = {one: answer(lent).surplus for one, lent in late.items()}

    assert in_time.surplus is False
    assert others == dict.fromkeys(late, True)


def test_it_comes_among_ordinary_pairs(project: Project, judged: list[Comparison], ben: User, rosa: User) -> None:
    for number in range(60):
        make_pair(project, 10 + number)
    ask_again(project=project, top=2, by=rosa)

    for _ in range(60):
        answer(lease_pairs(project=project, annotator=ben)[0])

    streams = list(Assignment.objects.filter(annotator=ben).order_by("pk").values_list("stream", flat=True))
    assert streams.count(Stream.AGAIN) == 4
    assert streams[:4] != [Stream.AGAIN] * 4
    assert "" not in streams


def test_flip_rates_are_of_decisive_answers_to_surprising_verdicts_and_to_controls(
    project: Project, judged: list[Comparison], ben: User, rosa: User
) -> None:
    assert flips_of_asked(project) is None
    ask_again(project=project, top=2, by=rosa)
    lent = held(project, ben)
    said = (Outcome.SECOND, Outcome.TIE, Outcome.FIRST)
    for verdict, outcome in zip(judged, said, strict=False):
        answer(lent[verdict.assignment.pair_id], outcome)

    flips = flips_of_asked(project)

    assert flips is not None
    assert (flips.surprising.n_asked, flips.surprising.n_answered) == (2, 2)
    assert (flips.surprising.contradicted.k, flips.surprising.contradicted.n) == (1, 1)
    assert (flips.controls.n_asked, flips.controls.n_answered) == (2, 1)
    assert (flips.controls.contradicted.k, flips.controls.contradicted.n) == (0, 1)
    assert flips.surprising.contradicted.low == pytest.approx(0.2065, abs=1e-4)  # Wilson 1927, 1 of 1


def test_a_verdict_that_was_taken_back_after_all_leaves_the_rates(
    project: Project, judged: list[Comparison], bob: User, rosa: User
) -> None:
    ask_again(project=project, top=2, by=rosa)
    retract_comparison(comparison=judged[0], by=bob)

    flips = flips_of_asked(project)

    assert flips is not None
    assert (flips.surprising.n_asked, flips.controls.n_asked) == (1, 2)


def test_a_voided_answer_is_asked_of_somebody_else_and_restored_is_surplus_once_that_came(
    project: Project, judged: list[Comparison], ben: User, rosa: User, alice: User
) -> None:
    ask_again(project=project, chosen=[judged[0].public_id], by=rosa)
    pair, control = (one.assignment.pair_id for one in (judged[0], judged[2]))
    bea = make_member(project, "bea")
    for lent in held(project, ben).values():
        answer(lent)
    void_comparisons(project=project, annotator=ben, by=alice)
    answer(held(project, bea)[pair])
    Assignment.objects.filter(annotator=bea, closed_at=None).update(lease_ends_at=Now() - timedelta(seconds=1))
    release_expired(project)

    restore_comparisons(project=project, annotator=ben, by=alice)

    surplus = dict(Comparison.objects.filter(assignment__annotator=ben).values_list("assignment__pair", "surplus"))
    assert surplus == {pair: True, control: False}
    assert not AskedAgain.objects.filter(taken=False).exists()


def test_what_is_asked_again_counts_as_left_like_any_pair(
    project: Project, judged: list[Comparison], ben: User, rosa: User
) -> None:
    """Full pairs, and one that has room for one more as well: each is one pair to the annotator."""
    Pair.objects.filter(pk=judged[0].assignment.pair_id).update(overlap=2)
    membership = ben.memberships.get()
    left = [progress(membership).left]

    ask_again(project=project, top=2, by=rosa)
    left.append(progress(membership).left)
    for lent in held(project, ben).values():
        left.append(progress(membership).left)
        answer(lent)
        left.append(progress(membership).left)

    assert left == [1, 4, 4, 3, 3, 2, 2, 1, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_crowd_gives_each_pair_that_is_asked_again_one_verdict_and_not_one_more() -> None:
    project = make_project(n_pairs=12)
    bob, rosa = make_member(project), make_member(project, "rosa")
    snapshot = make_snapshot(project)
    verdicts = [compare(project, bob) for _ in range(12)]
    for verdict, control in zip(verdicts[:6], verdicts[6:], strict=True):
        make_disagreement(verdict, snapshot, control=control, control_p_left_out=0.9)
    ask_again(project=project, top=6, by=rosa)
    crowd = [make_member(project, f"annotator-{n}") for n in range(8)]

    def drain(annotator: User) -> None:
        while lent := lease_pairs(project=project, annotator=annotator, n=3):
            for assignment in lent:
                answer(assignment)

    failures = [result for result in at_once(drain, crowd) if result]

    again = Comparison.objects.filter(assignment__stream=Stream.AGAIN)
    assert failures == []
    assert list(again.values("assignment__pair").annotate(n=Count("id")).values_list("n", flat=True)) == [1] * 12
    assert not again.filter(surplus=True).exists()
    assert not AskedAgain.objects.filter(taken=False).exists()


@pytest.mark.django_db(transaction=True)
def test_two_researchers_who_ask_at_the_same_moment_ask_once() -> None:
    project = make_project(n_pairs=5)
    judge_all(project, make_member(project))
    researchers = [make_member(project, name) for name in ("rosa", "ruth")]

    results = at_once(lambda who: ask_again(project=project, top=2, by=who), researchers)

    assert sorted(map(str, map(type, results))) == sorted(map(str, (Asked, Conflict)))
    assert AskedAgain.objects.count() == 4
