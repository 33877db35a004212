"""Verdicts over the API: sent, sent again, taken back, and read."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Comparison, Outcome, Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.factories import compare, lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


def send(user: User, assignment: Assignment, outcome: str = "left", **fields: Any) -> Any:
    body = {"client_key": str(uuid4()), "outcome": outcome, **fields}
    return client_of(user).post(f"/api/v1/assignments/{assignment.public_id}/comparison/", body)


def retract(user: User, comparison: Comparison) -> Any:
    return client_of(user).post(f"/api/v1/comparisons/{comparison.public_id}/retract/")


@pytest.fixture
def assignment(project: Project, bob: User) -> Assignment:
    return lease(project, bob)


@pytest.mark.parametrize(
    ("outcome", "first_on_left", "stored"),
    [
        ("left", True, Outcome.FIRST),
        ("right", True, Outcome.SECOND),
        ("left", False, Outcome.SECOND),
        ("right", False, Outcome.FIRST),
        ("tie", False, Outcome.TIE),
        ("both_bad", True, Outcome.BOTH_BAD),
    ],
)
def test_the_side_that_was_chosen_is_stored_as_first_or_second(
    assignment: Assignment, bob: User, outcome: str, first_on_left: bool, stored: Outcome
) -> None:
    Assignment.objects.update(first_on_left=first_on_left)

    response = send(bob, assignment, outcome)

    assert (response.status_code, response.json()["outcome"]) == (201, outcome)
    assert Comparison.objects.get().outcome == stored


def test_a_verdict_keeps_its_comment_and_times(assignment: Assignment, bob: User) -> None:
    send(
        bob,
        assignment,
        comment=" as sent ",
        shown_at="2026-01-02T03:04:05Z",
        decided_at="2026-01-02T05:04:15.5+02:00",
    )

    comparison = Comparison.objects.get()
    assert (comparison.comment, comparison.seconds) == (" as sent ", 10.5)


def test_the_answer_tells_its_annotator_nothing_that_unblinds(assignment: Assignment, bob: User) -> None:
    answer = send(bob, assignment).json()

    assert set(answer) == {
        "id", "project", "assignment", "ranking", "outcome", "strength", "criteria", "comment", "shown_at",
        "decided_at", "created_at", "undo_ends_at", "retracted_at", "next",
    }  # fmt: skip


def test_the_same_key_and_body_again_gets_200_and_the_first_row(assignment: Assignment, bob: User) -> None:
    key = str(uuid4())
    first = send(bob, assignment, client_key=key)

    again = send(bob, assignment, client_key=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_same_key_with_another_body_gets_422(assignment: Assignment, bob: User) -> None:
    key = str(uuid4())
    send(bob, assignment, client_key=key)

    again = send(bob, assignment, "right", client_key=key)

    assert (again.status_code, again.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize("first_on_left", [True, False])
def test_another_key_gets_409_with_the_choice_as_it_was_shown(
    assignment: Assignment, bob: User, first_on_left: bool
) -> None:
    Assignment.objects.update(first_on_left=first_on_left)
    stored = send(bob, assignment, "right").json()

    refusal = send(bob, assignment, "left")

    assert (refusal.status_code, refusal.json()["code"]) == (409, "already_compared")
    assert refusal.json()["details"] == {"outcome": "right", "comparison": stored["id"]}


def test_an_outcome_that_the_project_does_not_offer_gets_400(db: None) -> None:
    project = make_project(n_pairs=1, outcomes="binary")
    bob = make_member(project)

    response = send(bob, lease(project, bob), "tie")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    "fields",
    [
        {"client_key": "12"},
        {"client_key": None},
        {"outcome": "first"},
        {"outcome": 1},
        {"comment": 12},
        {"comment": "x" * 10_001},
        {"comment": "nul \x00"},
        {"shown_at": "yesterday"},
        {"shown_at": 1767322800},
        {"decided_at": "0001-01-01T00:00:00+23:00"},
        {"surplus": False},
        {"stream": "audit"},
        {"seconds": 1},
    ],
    ids=str,
)
def test_a_verdict_that_does_not_fit_is_refused(assignment: Assignment, bob: User, fields: dict[str, Any]) -> None:
    response = send(bob, assignment, **fields)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert set(response.json()["details"]["fields"]) == set(fields)
    assert not Comparison.objects.exists()


def test_a_late_verdict_from_the_screen_before_means_the_sides_it_showed(db: None) -> None:
    project = make_project(n_pairs=1)
    bob = make_member(project)
    before = lease(project, bob)
    for _ in range(8):
        Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))
        lease(project, bob)

    send(bob, before, "left")

    assert Comparison.objects.get().outcome == (Outcome.FIRST if before.first_on_left else Outcome.SECOND)


def test_a_retraction_is_answered_with_its_time_and_frees_the_slot(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    response = retract(bob, comparison)

    comparison.assignment.pair.refresh_from_db()
    assert response.status_code == 200
    assert response.json()["retracted_at"].endswith("Z")
    assert comparison.assignment.pair.slots_taken == 0


def test_a_retraction_that_is_sent_again_is_answered_alike(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    first, second = retract(bob, comparison), retract(bob, comparison)

    assert [first.status_code, second.status_code, first.json()] == [200, 200, second.json()]


def test_after_the_window_the_verdict_stays(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(created_at=Now() - timedelta(hours=1))

    assert retract(bob, comparison).status_code == 409


def test_a_retraction_takes_no_fields(project: Project, bob: User) -> None:
    comparison = compare(project, bob)

    response = client_of(bob).post(f"/api/v1/comparisons/{comparison.public_id}/retract/", {"by": "rosa"})

    assert response.status_code == 400


def test_own_comparisons_are_ones_own_as_one_saw_them(project: Project, bob: User, rosa: User) -> None:
    own, _ = compare(project, bob, Outcome.FIRST), compare(project, rosa)

    listed = client_of(bob).get("/api/v1/me/comparisons/").json()["results"]

    assert [row["id"] for row in listed] == [str(own.public_id)]
    assert listed[0]["outcome"] == ("left" if own.assignment.first_on_left else "right")
    assert not {"stream", "surplus", "snapshot", "p_first_when_shown", "source"} & set(listed[0])


def test_researchers_read_comparisons_as_they_are_stored(project: Project, bob: User, rosa: User) -> None:
    snapshot = make_snapshot(project, number=4)
    comparison = compare(project, bob, Outcome.SECOND)
    Assignment.objects.update(snapshot=snapshot, p_first=0.25)

    (row,) = client_of(rosa).get(f"/api/v1/projects/{project.slug}/comparisons/").json()["results"]

    assert (row["id"], row["outcome"], row["stream"]) == (str(comparison.public_id), "second", "learn")
    assert (row["snapshot"], row["p_first_when_shown"]) == (4, 0.25)
    assert (row["first_source"], row["second_source"]) == ("careful", "silly")
    assert row["annotator"] == str(bob.public_id)


def test_a_comparison_without_a_snapshot_says_null(project: Project, bob: User, rosa: User) -> None:
    compare(project, bob)

    (row,) = client_of(rosa).get(f"/api/v1/projects/{project.slug}/comparisons/").json()["results"]

    assert row["snapshot"] is None


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("", 3),
        ("outcome=tie", 1),
        ("stream=learn", 3),
        ("stream=audit", 0),
        ("source=import", 0),
        ("retracted=true", 1),
        ("retracted=false", 2),
        ("surplus=false", 3),
        ("created_before=2026-01-01T00:00:00Z", 0),
        ("created_from=2026-01-01T00:00:00Z", 3),
    ],
)
def test_comparisons_are_filtered_by_named_conditions(
    project: Project, bob: User, rosa: User, query: str, n: int
) -> None:
    compare(project, bob, Outcome.TIE)
    retract(bob, compare(project, bob))
    compare(project, rosa)

    listed = client_of(rosa).get(f"/api/v1/projects/{project.slug}/comparisons/?{query}").json()["results"]

    assert len(listed) == n


def test_comparisons_of_one_annotator(project: Project, bob: User, rosa: User) -> None:
    own = compare(project, bob)
    compare(project, rosa)

    listed = client_of(rosa).get(f"/api/v1/projects/{project.slug}/comparisons/?annotator={bob.public_id}").json()

    assert [row["id"] for row in listed["results"]] == [str(own.public_id)]


@pytest.mark.parametrize(
    "condition",
    [
        "outcome=bogus",
        "outcome=%00",
        "annotator=1",
        "annotator=%00",
        "surplus=maybe",
        "retracted=null",
        "created_from=now",
        "created_from=0001-01-01T00:00:00%2B14:00",
        "created_before=9999-12-31T23:59:59-14:00",
        "outcom=tie",
        "ordering=outcome",
        "assignment__annotator__password__startswith=x",
        "_connector=OR",
        "created_from=",
        "stream=",
    ],
)
def test_conditions_that_are_not_named_or_do_not_fit_are_refused(project: Project, rosa: User, condition: str) -> None:
    response = client_of(rosa).get(f"/api/v1/projects/{project.slug}/comparisons/?{condition}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert set(response.json()["details"]["fields"]) == {condition.split("=")[0]}


@pytest.mark.parametrize("address", ["/api/v1/projects/antarctica/comparisons/", "/api/v1/me/comparisons/"])
def test_lists_cost_the_same_with_ten_more_rows(
    project: Project, rosa: User, address: str, django_assert_num_queries: Any
) -> None:
    client = client_of(rosa)
    compare(project, rosa)
    with CaptureQueriesContext(connection) as before:
        client.get(address)
    for number in range(10):
        make_pair(project, 10 + number)
        compare(project, rosa)

    with django_assert_num_queries(len(before)):
        assert len(client.get(address).json()["results"]) == 11
