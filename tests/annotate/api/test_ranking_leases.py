"""Lineups lent over the API: how many at once, what there is to say where there is none, never to too many people."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Comparison, Pair, Project, Prompt, Ranking, User
from annotate.services.projects import pause_project
from tests.annotate.api.clients import client_of
from tests.annotate.api.test_rankings import lease, lent, send
from tests.factories import make_lineup, make_member, make_project, make_ranking_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_ranking_project(2)


def test_asking_again_returns_the_same_lineup(project: Project, bob: User) -> None:
    assert lease(bob).json() == lease(bob).json()


def test_lineups_are_lent_ahead_the_oldest_first_and_no_pair_twice(project: Project, bob: User) -> None:
    answers = [lease(bob, n=n) for n in (1, 2, 5, 1)]

    first, both, all_there_are, again = [answer.json()["rankings"] for answer in answers]
    assert {answer.status_code for answer in answers} == {201}
    assert (len(both), all_there_are) == (2, both)
    assert first == again == both[:1]
    assert Assignment.objects.values("pair").distinct().count() == Assignment.objects.count() == 12


def test_a_lineup_that_was_lent_ahead_is_ranked_like_any_other(project: Project, bob: User) -> None:
    first, ahead = lease(bob, n=2).json()["rankings"]

    assert [send(bob, one).status_code for one in (ahead, first)] == [201, 201]
    assert Comparison.objects.filter(surplus=False).count() == 12


def test_more_lineups_cost_no_more_queries_to_show(project: Project, bob: User) -> None:
    costs = []
    for n in (1, 2):
        lease(bob, n=n)
        client = client_of(bob)
        with CaptureQueriesContext(connection) as captured:
            client.post("/api/v1/projects/antarctica/rankings/", {"n": n})
        costs.append(len(captured))

    assert costs[0] == costs[1]


def test_who_has_ranked_everything_is_told_so(project: Project, bob: User) -> None:
    for _ in range(2):
        send(bob, lent(bob))

    answer = lease(bob)

    expected = {"rankings": [], "reason": "nothing_left", "retry_after_seconds": None}
    assert (answer.status_code, answer.json()) == (200, expected)


def test_who_waits_for_others_is_told_how_long(project: Project, bob: User) -> None:
    Prompt.objects.order_by("id")[0].delete()
    lease(make_member(project, "dora"))

    answer = lease(bob).json()

    assert (answer["rankings"], answer["reason"]) == ([], "all_lent")
    assert 800 < answer["retry_after_seconds"] <= 900


def test_pairs_and_rankings_are_each_lent_where_they_are_asked(project: Project, bob: User, alice: User) -> None:
    pairs = make_project("pairs", n_pairs=1)
    make_member(pairs, "bob")

    refused = [lease(bob, "pairs"), client_of(bob).post("/api/v1/projects/antarctica/assignments/")]
    pause_project(project=project, by=alice)
    refused.append(lease(bob))

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "project_not_comparing")}
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 6}, {"n": "x"}, {"n": None}, {"m": 2}], ids=str)
def test_fields_that_a_lease_does_not_have_are_refused(project: Project, bob: User, wrong: dict[str, Any]) -> None:
    assert lease(bob, **wrong).status_code == 400
    assert not Assignment.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_never_more_than_the_overlap_holds_a_lineup(overlap: int) -> None:
    """Six people ask at once for the lineups of three prompts."""
    project = make_project("crowd", outcomes=Project.Outcomes.RANKING, overlap=overlap)
    for number in range(3):
        make_lineup(project, number)
    people = [make_member(project, f"person {number}") for number in range(6)]
    clients, start, statuses = [client_of(person) for person in people], Barrier(6), []

    def ask(client: Any) -> None:
        try:
            start.wait()
            statuses.append(client.post("/api/v1/projects/crowd/rankings/").status_code)
        finally:
            connection.close()

    threads = [Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {200, 201}
    assert statuses.count(201) == Ranking.objects.count() == min(6, 3 * overlap)
    assert max(Pair.objects.values_list("slots_taken", flat=True)) == overlap
    assert Assignment.objects.live().count() == 6 * Ranking.objects.count()
