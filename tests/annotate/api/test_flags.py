"""Flags over the API: annotators put them on and take them off, researchers read, settle and reopen them."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.models import Assignment, Flag, Outcome, Project, User
from annotate.services.comparing import record_comparison, skip_assignment
from annotate.services.flagging import flag_assignment, settle_flag, withdraw_flag
from tests.annotate.api.clients import client_of
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

FLAGS = "/api/v1/projects/antarctica/flags/"


def flag_over_api(user: User, assignment: Assignment, body: dict[str, Any]) -> Any:
    return client_of(user).post(f"/api/v1/assignments/{assignment.public_id}/flag/", body)


def act(user: User, flag: Flag, verb: str, **body: Any) -> Any:
    return client_of(user).post(f"{FLAGS}{flag.assignment.public_id}/{verb}/", body)


def flag(project: Project, annotator: User) -> Flag:
    """Have the annotator flag and judge their next pair."""
    lent = lease(project, annotator)
    made = flag_assignment(assignment=lent, by=annotator)
    record_comparison(
        assignment=lent, outcome=Outcome.SECOND, client_key=uuid4(), by=annotator, comment="Which Antarctica?"
    )
    return made


def test_a_program_puts_a_flag_on_takes_it_off_and_sends_it_twice(project: Project, bob: User) -> None:
    assignment = lease(project, bob)

    answers = []
    for flagged in (True, True, False, False, True):
        answer = flag_over_api(bob, assignment, {"flagged": flagged})
        answers.append((answer.status_code, answer.content, str(Flag.objects.get().state)))

    states = ["open", "open", "withdrawn", "withdrawn", "open"]
    assert answers == [(204, b"", state) for state in states]


@pytest.mark.parametrize("body", [{}, {"flagged": "true"}, {"flagged": None}, {"flagged": True, "note": "Look."}])
def test_a_flag_that_cannot_be_read_is_refused(project: Project, bob: User, body: dict[str, Any]) -> None:
    assert flag_over_api(bob, lease(project, bob), body).status_code == 400
    assert not Flag.objects.exists()


def test_a_flag_is_read_with_its_pair_and_its_verdict(project: Project, rosa: User, bob: User) -> None:
    made = flag(project, bob)

    (row,) = client_of(rosa).get(FLAGS).json()["results"]

    assert (row["assignment"], row["annotator"]) == (str(made.assignment.public_id), str(bob.public_id))
    assert (row["first"]["text"], row["second"]["source"]) == ("No country owns it.", "silly")
    assert row["first_on_left"] == made.assignment.first_on_left
    assert row["prompt"][0]["content"] == "Which country owns Antarctica?"
    assert (row["comparison"], row["outcome"]) == (str(made.verdict.public_id), "second")
    assert (row["comment"], row["state"]) == ("Which Antarctica?", "open")
    assert (row["settled_at"], row["settled_by"], row["withdrawn_at"], row["note"]) == (None, None, None, "")


def test_a_flag_without_a_verdict_says_so(project: Project, rosa: User, bob: User) -> None:
    assignment = lease(project, bob)
    flag_assignment(assignment=assignment, by=bob)
    skip_assignment(assignment=assignment, reason="broken_response", by=bob)

    (row,) = client_of(rosa).get(FLAGS).json()["results"]

    assert (row["comparison"], row["outcome"], row["comment"]) == (None, None, "")
    assert row["skip_reason"] == "broken_response"


def test_a_flag_is_settled_and_reopened(project: Project, rosa: User, bob: User) -> None:
    made = flag(project, bob)

    settled = [act(rosa, made, "settle", note="Fixed.") for _ in range(2)]
    reopened = [act(rosa, made, "reopen") for _ in range(2)]

    assert [answer.status_code for answer in [*settled, *reopened]] == [200, 200, 200, 200]
    row = settled[0].json()
    assert (row["state"], row["settled_by"], row["note"]) == ("settled", str(rosa.public_id), "Fixed.")
    assert settled[1].json() == row
    assert (reopened[0].json()["state"], reopened[0].json()["note"]) == ("open", "Fixed.")
    assert client_of(rosa).get(FLAGS).json()["results"] == [reopened[1].json()]


def test_what_was_settled_otherwise_or_taken_off_is_a_conflict(project: Project, rosa: User, bob: User) -> None:
    made, off = flag(project, bob), flag(project, bob)
    settle_flag(flag=made, by=rosa, note="Fixed.")
    withdraw_flag(assignment=off.assignment, by=bob)

    answers = [act(rosa, made, "settle", note="Not fixed."), act(rosa, off, "settle"), act(rosa, off, "reopen")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "conflict")] * 3


@pytest.mark.parametrize("wrong", [{"note": "x" * 2001}, {"note": None}, {"note": "\x00"}, {"notes": "x"}], ids=str)
def test_a_note_that_cannot_be_stored_is_refused(
    project: Project, rosa: User, bob: User, wrong: dict[str, Any]
) -> None:
    made = flag(project, bob)

    assert act(rosa, made, "settle", **wrong).status_code == 400
    assert Flag.objects.get().state == "open"


def test_a_flag_of_another_project_is_none_of_this_one(project: Project, rosa: User) -> None:
    elsewhere = make_project("elsewhere")
    make_pair(elsewhere)
    others = flag(elsewhere, make_member(elsewhere, "sam"))

    assert [act(rosa, others, verb).status_code for verb in ("settle", "reopen")] == [404, 404]
    assert client_of(rosa).get(FLAGS).json()["results"] == []


def test_flags_are_filtered_by_state(project: Project, rosa: User, bob: User) -> None:
    made = {state: flag(project, bob) for state in Flag.State}
    settle_flag(flag=made[Flag.State.SETTLED], by=rosa)
    withdraw_flag(assignment=made[Flag.State.WITHDRAWN].assignment, by=bob)

    for state, one in made.items():
        (row,) = client_of(rosa).get(f"{FLAGS}?state={state}").json()["results"]
        assert (row["assignment"], row["state"]) == (str(one.assignment.public_id), state)
    assert client_of(rosa).get(f"{FLAGS}?state=done").status_code == 400


def test_pages_of_flags_go_from_the_newest_to_the_oldest(project: Project, rosa: User, bob: User) -> None:
    made = [flag(project, bob) for _ in range(5)]

    found: list[str] = []
    link: str | None = f"{FLAGS}?page_size=2"
    while link:
        page = client_of(rosa).get(link).json()
        found += [row["assignment"] for row in page["results"]]
        link = page["next"]

    assert found == [str(one.assignment.public_id) for one in reversed(made)]


def test_the_list_costs_the_same_with_ten_more_rows(project: Project, rosa: User, bob: User) -> None:
    client = client_of(rosa)
    settle_flag(flag=flag(project, bob), by=rosa)
    with CaptureQueriesContext(connection) as before:
        client.get(FLAGS)
    for number in range(10):
        make_pair(project, 10 + number)
        settle_flag(flag=flag(project, bob), by=make_member(project, f"r{number}"))

    with CaptureQueriesContext(connection) as after:
        assert len(client.get(FLAGS).json()["results"]) == 11

    assert len(after) == len(before)
