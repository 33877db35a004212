"""Lending pairs over the API, and giving them back: blind, bounded, and never a dead end without a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

UNBLINDING = ("source", "stream", "propensity", "p_first", "snapshot", "reward", "audit", "first", "careful", "silly")


def lease_over_api(project: Project, user: User, **body: int) -> tuple[int, dict[str, Any]]:
    response = client_of(user).post(f"/api/v1/projects/{project.slug}/assignments/", body)
    return response.status_code, response.json()


def test_a_lease_holds_the_prompt_and_both_responses_as_shown(project: Project, bob: User) -> None:
    status, lent = lease_over_api(project, bob)

    assignment = Assignment.objects.get()
    pair = assignment.pair
    left, right = (pair.first, pair.second) if assignment.first_on_left else (pair.second, pair.first)
    (shown,) = lent["assignments"]
    assert status == 201
    assert shown["id"] == str(assignment.public_id)
    assert shown["prompt"] == [{"role": "user", "content": "Which country owns Antarctica?"}]
    assert shown["left"]["id"] == str(left.public_id)
    assert (shown["right"]["text"], shown["right"]["html"].strip()) == (right.text, f'<p dir="auto">{right.text}</p>')
    assert shown["outcomes"] == ["left", "right", "tie", "both_bad"]
    assert (lent["reason"], lent["retry_after_seconds"]) == (None, None)


def test_nothing_in_a_lease_unblinds(project: Project, bob: User) -> None:
    snapshot = make_snapshot(project)
    lease(project, bob)
    Assignment.objects.update(snapshot=snapshot, p_first=0.9, propensity=0.2)

    text = str(lease_over_api(project, bob, n=5)[1]).lower()

    assert not [word for word in UNBLINDING if word in text]


def test_a_binary_project_offers_two_outcomes(db: None) -> None:
    project = make_project(n_pairs=1, outcomes="binary")

    _, lent = lease_over_api(project, make_member(project))

    assert lent["assignments"][0]["outcomes"] == ["left", "right"]


def test_asking_again_returns_the_same_pair(project: Project, bob: User) -> None:
    _, first = lease_over_api(project, bob)

    status, second = lease_over_api(project, bob)

    assert status == 201
    assert first == second


def test_n_pairs_are_held_at_once(project: Project, bob: User) -> None:
    _, lent = lease_over_api(project, bob, n=3)

    assert len({shown["id"] for shown in lent["assignments"]}) == 3


def test_no_body_means_one_pair(project: Project, bob: User) -> None:
    response = client_of(bob).post(f"/api/v1/projects/{project.slug}/assignments/")

    assert len(response.json()["assignments"]) == 1


def test_who_has_seen_everything_is_told_so(db: None) -> None:
    project = make_project()

    status, lent = lease_over_api(project, make_member(project))

    assert status == 200
    assert lent == {"assignments": [], "reason": "nothing_left", "retry_after_seconds": None}


def test_who_waits_for_others_is_told_how_long(db: None) -> None:
    project = make_project(n_pairs=1, lease_seconds=100)
    lease(project, make_member(project, "bob"))

    status, lent = lease_over_api(project, make_member(project, "rosa"))

    assert (status, lent["assignments"], lent["reason"]) == (200, [], "all_lent")
    assert 90 <= lent["retry_after_seconds"] <= 100


def test_a_pair_one_has_skipped_is_not_worth_waiting_for(db: None) -> None:
    project = make_project(n_pairs=1)
    bob = make_member(project, "bob")
    skip(bob, lease(project, bob))
    lease(project, make_member(project, "rosa"))

    _, lent = lease_over_api(project, bob)

    assert lent["reason"] == "nothing_left"


def test_a_pair_whose_lease_ended_is_lent_to_the_next(db: None) -> None:
    project = make_project(n_pairs=1)
    lease(project, make_member(project, "bob"))
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    status, _ = lease_over_api(project, make_member(project, "rosa"))

    assert status == 201


def test_a_paused_project_lends_nothing(project: Project, bob: User) -> None:
    Project.objects.update(paused_at=Now())

    status, refusal = lease_over_api(project, bob)

    assert (status, refusal["code"]) == (409, "project_not_comparing")


def test_leasing_costs_the_same_with_ten_more_pairs(
    project: Project, bob: User, rosa: User, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as before:
        lease_over_api(project, bob)
    for number in range(10):
        make_pair(project, 10 + number)

    with django_assert_num_queries(len(before)):
        lease_over_api(project, rosa)


def skip(user: User, assignment: Assignment, **body: str) -> Any:
    body = body or {"reason": "I do not know the topic"}
    return client_of(user).post(f"/api/v1/assignments/{assignment.public_id}/skip/", body)


def test_a_skip_closes_the_assignment_with_its_reason_and_frees_the_slot(project: Project, bob: User) -> None:
    assignment = lease(project, bob)

    response = skip(bob, assignment)

    assignment.refresh_from_db()
    assert (response.status_code, response.content) == (204, b"")
    assert (assignment.closed_as, assignment.skip_reason) == ("skipped", "I do not know the topic")
    assert assignment.pair.slots_taken == 0


def test_skipping_twice_is_refused(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    skip(bob, assignment)

    assert (skip(bob, assignment).status_code, skip(bob, assignment).json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "x" * 41}, {"why": "x"}], ids=str)
def test_a_skip_needs_a_short_reason(project: Project, bob: User, body: dict[str, str]) -> None:
    assignment = lease(project, bob)

    assert skip(bob, assignment, **body).status_code == 400
