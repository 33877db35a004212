"""A verdict that asks for the next pairs: one request instead of two, and as blind."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Comparison, Project, User
from tests.annotate.api.clients import client_of
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

MOST_QUERIES = 11


def judge(user: User, assignment_id: object, **fields: Any) -> Any:
    body = {"client_key": str(uuid4()), "outcome": "left", **fields}
    return client_of(user).post(f"/api/v1/assignments/{assignment_id}/comparison/", body)


def test_the_answer_holds_the_verdict_and_the_next_pairs(project: Project, bob: User) -> None:
    first = lease(project, bob)

    answer = judge(bob, first.public_id, lease=2)

    lent = answer.json()["next"]
    held = Assignment.objects.live().order_by("leased_at", "id")
    assert answer.status_code == 201
    assert answer.json()["assignment"] == str(first.public_id)
    assert [one["id"] for one in lent["assignments"]] == [str(one.public_id) for one in held]
    assert (lent["reason"], len(held)) == (None, 2)


def test_without_asking_nothing_is_lent(project: Project, bob: User) -> None:
    assert judge(bob, lease(project, bob).public_id).json()["next"] is None
    assert not Assignment.objects.live().exists()


def test_a_whole_session_is_one_request_for_each_pair(project: Project, bob: User) -> None:
    waiting = str(lease(project, bob).public_id)

    judged = 0
    while waiting:
        lent = judge(bob, waiting, lease=1).json()["next"]
        waiting = next((one["id"] for one in lent["assignments"]), "")
        judged += 1

    assert (judged, lent["reason"]) == (5, "nothing_left")
    assert Comparison.objects.count() == 5


def test_a_verdict_sent_again_is_answered_with_the_same_pairs(project: Project, bob: User) -> None:
    assignment, key = lease(project, bob), str(uuid4())

    once, again = (judge(bob, assignment.public_id, client_key=key, lease=2) for _ in range(2))

    assert (once.status_code, again.status_code) == (201, 200)
    assert once.json() == again.json()


def test_while_the_project_is_paused_the_verdict_counts_and_nothing_is_lent(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    Project.objects.update(paused_at=Now())

    answer = judge(bob, assignment.public_id, lease=1)

    assert (answer.status_code, answer.json()["next"]["reason"]) == (201, "paused")


def test_a_refused_verdict_lends_nothing(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    judge(bob, assignment.public_id)

    assert judge(bob, assignment.public_id, lease=1).status_code == 409
    assert not Assignment.objects.live().exists()


@pytest.mark.parametrize("lease_for", [-1, 6, "1", 1.5, None, True], ids=str)
def test_how_many_is_a_small_whole_number(project: Project, bob: User, lease_for: Any) -> None:
    assert judge(bob, lease(project, bob).public_id, lease=lease_for).status_code == 400
    assert not Comparison.objects.exists()


def test_nothing_in_the_next_pair_unblinds(db: None) -> None:
    project = make_project(audit_share=0.5)
    for number in range(6):
        make_pair(project, number, audit=number % 2 == 0, sources=("model-x", "model-y"))
    bob = make_member(project)

    text = judge(bob, lease(project, bob).public_id, lease=5).content.decode()

    words = ("model-x", "model-y", "source", "stream", "propensity", "p_first", "snapshot", "audit", "reward")
    assert [word for word in words if word in text] == []


@pytest.mark.parametrize("n_pairs", [4, 40])
def test_it_costs_the_same_queries_whatever_the_size(db: None, n_pairs: int) -> None:
    project = make_project(n_pairs=n_pairs)
    bob, client = make_member(project), client_of(make_member(project, "rosa"))
    rosas = lease(project, User.objects.get(username="rosa"))
    judge(bob, lease(project, bob).public_id, lease=1)
    body = {"client_key": str(uuid4()), "outcome": "left", "lease": 1}

    with CaptureQueriesContext(connection) as queries:
        client.post(f"/api/v1/assignments/{rosas.public_id}/comparison/", body)

    sql = [str(query["sql"]) for query in queries]  # none is told of a statement prepared on the server
    assert len([one for one in sql if not one.startswith(("SAVEPOINT", "RELEASE", "BEGIN"))]) <= MOST_QUERIES, sql
