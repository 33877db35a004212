"""Storms of people who hold two lineups each, in two tabs: every slot is accounted for, and nobody waits in a ring."""

import random
import threading
from functools import partial
from uuid import uuid4

import pytest
from django.db.models import Count, F

from annotate.models import Assignment, Comparison, Pair, Project, Ranking, User
from annotate.selectors.lineups import held_rankings
from annotate.services.assigning import renew_leases
from annotate.services.errors import Conflict
from annotate.services.leaving import leave_leases
from annotate.services.ranking import (
    lease_ranking_again,
    lease_rankings,
    record_ranking,
    retract_ranking,
    skip_ranking,
)
from tests.at_once import at_once
from tests.factories import make_lineup, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 2
seeds = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))])


def crowd(seed: int, *, n_people: int, n_prompts: int, overlap: int, n: int = 4) -> tuple[Project, list[User]]:
    settings = {"outcomes": Project.Outcomes.RANKING, "ranking_size": 4, "overlap": overlap, "seed": seed}
    project = make_project(f"storm-{seed}", **settings)
    for number in range(n_prompts):
        make_lineup(project, number, n=n)
    return project, [make_member(project, f"person {seed} {number}") for number in range(n_people)]


def failures(results: list[object]) -> list[object]:
    return [result for result in results if isinstance(result, Exception)]


def rank(ranking: Ranking) -> Ranking:
    tiers = [[response] for response in ranking.lineup]
    return record_ranking(ranking=ranking, tiers=tiers, client_key=uuid4(), by=ranking.annotator)[0]


def check_slots(project: Project) -> None:
    """See that each pair's counter is what its verdicts and leases say."""
    standing = Comparison.objects.live().filter(project=project, surplus=False)
    taken = dict(standing.values_list("assignment__pair").annotate(n=Count("id")))
    open_ones = Assignment.objects.filter(project=project, closed_at=None)
    for pair, n in open_ones.values_list("pair").annotate(n=Count("id")):
        taken[pair] = taken.get(pair, 0) + n
    counted = Pair.objects.filter(project=project, slots_taken__gt=0).values_list("pk", "slots_taken")
    assert dict(counted) == taken
    assert not Pair.objects.filter(slots_taken__gt=F("overlap")).exists()


@seeds
def test_a_crowd_that_holds_lineups_ahead_is_lent_every_slot_and_not_one_more(seed: int) -> None:
    """Everybody asks for more and more: prompts of five responses are shared out in lineups of several people."""
    project, people = crowd(seed, n_people=6, n_prompts=4, overlap=2, n=5)

    def lease_all(person: User) -> None:
        n = AT_ONCE
        while len(lease_rankings(project=project, annotator=person, n=n)) == n:
            n += AT_ONCE

    results = at_once(lease_all, people)

    assert failures(results) == []
    assert not Pair.objects.exclude(slots_taken=F("overlap")).exists()
    assert Assignment.objects.live().count() == 4 * 10 * 2
    check_slots(project)


@seeds
def test_two_tabs_of_many_people_who_rank_skip_undo_renew_and_leave(seed: int) -> None:
    project, people = crowd(seed, n_people=3, n_prompts=3, overlap=2, n=5)
    at_work = {person.pk: threading.Event() for person in people}

    def work(person: User) -> None:
        coin = random.Random(f"{seed} {person.username}")
        try:
            while held := lease_rankings(project=project, annotator=person, n=AT_ONCE):
                act(coin, held[0])
        finally:
            at_work[person.pk].set()

    def other_tab(person: User) -> None:
        while not at_work[person.pk].is_set():
            held = lease_rankings(project=project, annotator=person, n=AT_ONCE)
            leave_leases(project=project, annotator=person, only=[one.public_id for one in held])
            renew_leases(project=project, annotator=person)

    results = at_once(lambda act: act(), [partial(tab, one) for one in people for tab in (work, other_tab)])

    assert failures(results) == []
    assert all(held_rankings(project, person) == [] for person in people)
    check_slots(project)


def act(coin: random.Random, ranking: Ranking) -> None:
    """Rank it, mostly; or skip it; or rank it, take it back and be lent it again."""
    draw = coin.random()
    try:
        if draw < 0.2:
            skip_ranking(ranking=ranking, reason="other", by=ranking.annotator)
        elif draw < 0.5:
            stored = rank(ranking)
            retract_ranking(ranking=stored, by=ranking.annotator)
            lease_ranking_again(stored)
        else:
            rank(ranking)
    except Conflict:
        pass  # the other tab was lent some of its pairs anew
