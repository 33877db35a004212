"""Strength and criteria over the API: in the words of the screen going in and out, in stored order for researchers."""

from typing import Any
from uuid import uuid4

import pytest

from annotate.models import Assignment, Comparison, Project, Role, User
from tests.annotate.api.clients import client_of
from tests.factories import lease, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_project(n_pairs=3, outcomes=Project.Outcomes.STRENGTH7, criteria=["helpful"])


def send(user: User, assignment: Assignment, **fields: Any) -> Any:
    body = {"client_key": str(uuid4()), "outcome": "left", "criteria": {"helpful": "tie"}, **fields}
    return client_of(user).post(f"/api/v1/assignments/{assignment.public_id}/comparison/", body)


@pytest.mark.parametrize(("first_on_left", "stored"), [(True, 2), (False, -2)])
def test_a_strength_is_sent_towards_the_left_and_stored_towards_the_first(
    project: Project, bob: User, first_on_left: bool, stored: int
) -> None:
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=first_on_left)

    answer = send(bob, assignment, strength=2, criteria={"helpful": "right"})

    assert (answer.status_code, answer.json()["strength"], answer.json()["criteria"]) == (201, 2, {"helpful": "right"})
    comparison = Comparison.objects.get()
    assert comparison.strength == stored
    assert comparison.criteria == {"helpful": "second" if first_on_left else "first"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": 4}, {"strength": "2"}, {"strength": -2}, {"strength": 1.5}, {"criteria": {}},
        {"criteria": {"helpful": "first"}}, {"criteria": {"kind": "tie"}}, {"criteria": []},
        {"criteria": {"helpful": ["tie"]}},
    ],
)  # fmt: skip
def test_what_the_project_does_not_ask_is_refused(project: Project, bob: User, wrong: dict[str, Any]) -> None:
    answer = send(bob, lease(project, bob), **wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not Comparison.objects.exists()


def test_an_assignment_says_what_is_asked(project: Project, bob: User) -> None:
    (lent,) = client_of(bob).post("/api/v1/projects/antarctica/assignments/").json()["assignments"]

    assert (lent["strengths"], lent["criteria"]) == ([1, 2, 3], ["helpful"])


def test_researchers_read_strength_and_criteria_as_stored(project: Project, bob: User) -> None:
    rosa = make_member(project, "rosa", role=Role.RESEARCHER)
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=False)
    send(bob, assignment, strength=3)

    (row,) = client_of(rosa).get("/api/v1/projects/antarctica/comparisons/").json()["results"]
    assert (row["outcome"], row["strength"], row["criteria"]) == ("second", -3, {"helpful": "tie"})


@pytest.mark.parametrize(
    ("criteria", "accepted"),
    [(["helpful", "true"], True), (["Helpful", "helpful "], False), (["overall"], False), ([" "], False), ("x", False)],
)
def test_an_admin_sets_the_criteria(project: Project, criteria: Any, accepted: bool) -> None:
    alice = make_member(project, "alice", role=Role.ADMIN)

    answer = client_of(alice).patch("/api/v1/projects/antarctica/", {"criteria": criteria})

    assert (answer.status_code == 200) == accepted
    project.refresh_from_db()
    assert project.criteria == (criteria if accepted else ["helpful"])
