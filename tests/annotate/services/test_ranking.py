"""Rankings: lent as one, stored with all their pairs or not at all, undone as one."""

import random
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, Ranking, User
from annotate.services.errors import AlreadyCompared, Conflict, InvalidInput, KeyReused, NotComparing, NotFound
from annotate.services.ranking import (
    lease_rankings,
    record_ranking,
    retract_ranking,
    skip_ranking,
)
from tests.factories import lease_lineup, make_lineup, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    project = make_project(outcomes=Project.Outcomes.RANKING, ranking_size=4)
    make_lineup(project, 1)
    make_lineup(project, 2)
    return project


def lent(project: Project, annotator: User) -> Ranking:
    ranking = lease_lineup(project, annotator)
    assert ranking is not None
    return ranking


def ranked(ranking: Ranking, order: list[list[int]] | None = None) -> Ranking:
    tiers = order or [[response] for response in ranking.lineup]
    stored, _ = record_ranking(ranking=ranking, tiers=tiers, client_key=uuid4(), by=ranking.annotator)
    return stored


def slots(project: Project) -> list[int]:
    return list(Pair.objects.filter(project=project).order_by("pk").values_list("slots_taken", flat=True))


def test_a_lineup_is_lent_with_a_slot_of_each_of_its_pairs(project: Project, bob: User) -> None:
    ranking = lent(project, bob)

    assert len(ranking.lineup) == 4
    assert sum(slots(project)) == 6
    assert Assignment.objects.live().filter(ranking=ranking).count() == 6


def test_asking_twice_gives_the_same_lineup(project: Project, bob: User) -> None:
    assert lent(project, bob) == lent(project, bob)


def test_lineups_are_lent_ahead_up_to_the_number_asked_for_and_no_pair_twice(project: Project, bob: User) -> None:
    held = lease_rankings(project=project, annotator=bob, n=2)

    assert lease_rankings(project=project, annotator=bob, n=2) == held
    assert lease_rankings(project=project, annotator=bob, n=3) == held  # there is no third
    assert lent(project, bob) == held[0]
    assert len({one.prompt_id for one in held}) == 2
    assert slots(project) == [1] * 12


def test_the_lineup_ahead_is_next_and_another_is_lent_behind_it(project: Project, bob: User) -> None:
    make_lineup(project, 3)
    first, ahead = lease_rankings(project=project, annotator=bob, n=2)

    ranked(first)

    following = lease_rankings(project=project, annotator=bob, n=2)
    assert following[0] == ahead
    assert len(following) == 2
    assert first not in following


def test_two_lineups_of_one_prompt_share_a_response_but_no_pair(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING, ranking_size=3)
    make_lineup(project, n=5)
    bob = make_member(project)

    held = lease_rankings(project=project, annotator=bob, n=6)

    pairs = [set(one.assignments.values_list("pair", flat=True)) for one in held]
    assert len(held) > 1
    assert len(set.union(*pairs)) == sum(len(one) for one in pairs) == sum(slots(project)) == 10
    for one in held:
        ranked(one)
    assert Comparison.objects.filter(surplus=False).count() == 10


def test_the_pairs_remember_in_which_order_they_were_shown(project: Project, bob: User) -> None:
    ranking = lent(project, bob)

    for assignment in ranking.assignments.select_related("pair"):
        shown_before = ranking.lineup.index(assignment.pair.first_id) < ranking.lineup.index(assignment.pair.second_id)
        assert assignment.first_on_left == shown_before


def test_an_order_is_stored_with_the_comparison_of_every_pair(project: Project, bob: User) -> None:
    ranking = lent(project, bob)
    best, second, third, last = ranking.lineup

    stored = ranked(ranking, [[second], [best, last], [third]])

    assert stored.tiers == [[second], [best, last], [third]]
    level = {second: 0, best: 1, last: 1, third: 2}
    made = Comparison.objects.filter(ranking=stored).select_related("assignment__pair")
    assert made.count() == 6
    for comparison in made:
        first, other = level[comparison.assignment.pair.first_id], level[comparison.assignment.pair.second_id]
        expected = Outcome.TIE if first == other else Outcome.FIRST if first < other else Outcome.SECOND
        assert comparison.outcome == expected
    assert sum(slots(project)) == 6


def test_the_next_lineup_is_another_prompts_and_then_there_is_none(project: Project, bob: User) -> None:
    prompts = {ranked(lent(project, bob)).prompt_id for _ in range(2)}

    assert len(prompts) == 2
    assert lease_lineup(project, bob) is None


def test_the_same_key_and_order_again_is_stored_once(project: Project, bob: User) -> None:
    ranking, key = lent(project, bob), uuid4()
    tiers = [[response] for response in ranking.lineup]

    answers = [record_ranking(ranking=ranking, tiers=tiers, client_key=key, by=bob)[1] for _ in range(2)]

    assert answers == [True, False]
    assert Comparison.objects.count() == 6
    with pytest.raises(KeyReused):
        record_ranking(ranking=ranking, tiers=tiers[::-1], client_key=key, by=bob)


def test_a_second_order_under_another_key_is_refused(project: Project, bob: User) -> None:
    ranking = lent(project, bob)
    ranked(ranking)

    with pytest.raises(AlreadyCompared):
        ranked(ranking, [ranking.lineup])

    assert Comparison.objects.exclude(outcome=Outcome.TIE).count() == 6


@pytest.mark.parametrize("wrong", ["missing", "twice", "strange", "empty tier", "nothing"])
def test_an_order_of_other_responses_is_refused_and_nothing_is_stored(project: Project, bob: User, wrong: str) -> None:
    ranking = lent(project, bob)
    whole = [[response] for response in ranking.lineup]
    tiers = {
        "missing": whole[1:],
        "twice": [*whole, whole[0]],
        "strange": [*whole[1:], [0]],
        "empty tier": [*whole, []],
        "nothing": [],
    }

    with pytest.raises(InvalidInput):
        record_ranking(ranking=ranking, tiers=tiers[wrong], client_key=uuid4(), by=bob)

    assert not Comparison.objects.exists()
    assert lent(project, bob) == ranking


def test_somebody_elses_ranking_does_not_exist(project: Project, bob: User, rosa: User) -> None:
    ranking = lent(project, bob)

    with pytest.raises(NotFound):
        record_ranking(ranking=ranking, tiers=[ranking.lineup], client_key=uuid4(), by=rosa)
    with pytest.raises(NotFound):
        skip_ranking(ranking=ranking, reason="other", by=rosa)
    with pytest.raises(NotFound):
        retract_ranking(ranking=ranking, by=rosa)


def test_a_skip_frees_every_slot_once(project: Project, bob: User) -> None:
    ranking = lent(project, bob)

    skip_ranking(ranking=ranking, reason="unclear_prompt", by=bob)

    assert sum(slots(project)) == 0
    assert lent(project, bob).prompt_id != ranking.prompt_id
    with pytest.raises(Conflict):
        skip_ranking(ranking=ranking, reason="unclear_prompt", by=bob)


def test_a_prompt_with_more_responses_than_fit_is_ranked_in_parts(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING, ranking_size=3)
    make_lineup(project, n=5)
    bob = make_member(project)

    sizes = []
    while ranking := lease_lineup(project, bob):
        sizes.append(len(ranking.lineup))
        ranked(ranking)

    assert max(sizes) == 3
    assert Comparison.objects.count() == 10
    assert set(slots(project)) == {1}


def test_other_projects_and_paused_ones_lend_no_rankings(project: Project, bob: User) -> None:
    Project.objects.update(outcomes=Project.Outcomes.TIES)
    project.refresh_from_db()

    with pytest.raises(NotComparing):
        lease_lineup(project, bob)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_many_people_at_once_never_hold_more_than_the_overlap(seed: int) -> None:
    """Eight people rank, skip and undo at once; every slot is taken by exactly one standing verdict."""
    project = make_project(f"crowd-{seed}", outcomes=Project.Outcomes.RANKING, ranking_size=4, overlap=2, seed=seed)
    for number in range(6):
        make_lineup(project, number)
    people = [make_member(project, f"person {number}") for number in range(8)]
    failures: list[BaseException] = []

    def work(person: User) -> None:
        coin = random.Random(f"{seed} {person.username}")
        try:
            while ranking := lease_lineup(project, person):
                stored = ranked(ranking)
                if coin.random() < 0.2:
                    retract_ranking(ranking=stored, by=person)
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert set(slots(project)) == {2}
    live = Comparison.objects.live().filter(project=project)
    assert live.count() == 6 * 6 * 2
    assert not Pair.objects.filter(project=project, slots_taken__gt=F("overlap")).exists()
