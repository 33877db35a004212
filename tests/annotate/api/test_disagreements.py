"""Disagreements over the API: the most surprising first, page by page."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.models import AskedAgain, Comparison, Outcome, Project, User
from annotate.services.comparing import retract_comparison
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_disagreement, make_snapshot
from tests.factories import compare, make_pair

pytestmark = pytest.mark.django_db

DISAGREEMENTS = "/api/v1/projects/antarctica/disagreements/"


def surprises(client: Any, address: str) -> list[float]:
    """Follow `next` to the end and return the surprises."""
    found: list[float] = []
    link: str | None = address
    while link:
        page = client.get(link).json()
        found += [row["surprise"] for row in page["results"]]
        link = page["next"]
    return found


def test_a_disagreement_shows_both_texts_and_what_was_expected(project: Project, rosa: User, bob: User) -> None:
    comparison = compare(project, bob, Outcome.SECOND)
    make_disagreement(comparison, make_snapshot(project, 3))

    (row,) = client_of(rosa).get(DISAGREEMENTS).json()["results"]

    assert (row["comparison"], row["outcome"]) == (str(comparison.public_id), "second")
    assert (row["p_left_out"], row["surprise"], row["badge"], row["snapshot"]) == (0.1, 2.3, "blind_spot", 3)
    assert (row["first"]["text"], row["second"]["source"]) == ("No country owns it.", "silly")
    assert row["prompt"][0]["content"] == "Which country owns Antarctica?"
    assert row["annotator"] == str(bob.public_id)


def test_what_moved_the_head_is_told_apart_by_side_the_strongest_first(project: Project, rosa: User, bob: User) -> None:
    """P(first) is .1 without it: what pushes toward second supports what the head expected."""
    moving = [compare(project, bob, Outcome.SECOND) for _ in range(4)]
    logits = (-0.4, -0.9, 0.2, 0.7)
    influences = [(one.pk, by) for one, by in zip(moving, logits, strict=True)]
    make_disagreement(compare(project, bob), make_snapshot(project), influences=influences)

    (row,) = client_of(rosa).get(DISAGREEMENTS).json()["results"]

    assert [(one["comparison"], one["logits"]) for one in row["support"]] == [
        (str(moving[1].public_id), 0.9),
        (str(moving[0].public_id), 0.4),
    ]
    assert [(one["comparison"], one["logits"]) for one in row["oppose"]] == [
        (str(moving[3].public_id), -0.7),
        (str(moving[2].public_id), -0.2),
    ]
    assert row["support"][0]["annotator"] == str(bob.public_id)
    assert (row["support"][0]["outcome"], row["support"][0]["pair"]) == (
        "second",
        str(moving[1].assignment.pair.public_id),
    )


def test_a_verdict_that_was_taken_back_moves_nothing_any_more(project: Project, rosa: User, bob: User) -> None:
    gone = compare(project, bob)
    make_disagreement(compare(project, bob), make_snapshot(project), influences=[(gone.pk, 0.4)])
    retract_comparison(comparison=gone, by=bob)

    (row,) = client_of(rosa).get(DISAGREEMENTS).json()["results"]

    assert (row["support"], row["oppose"]) == ([], [])


def test_pages_go_from_the_most_to_the_least_surprising_ties_included(project: Project, rosa: User, bob: User) -> None:
    snapshot = make_snapshot(project)
    for surprise in (0.1, 2.5, 2.5, 2.5, 1 / 3):
        make_disagreement(compare(project, bob), snapshot, surprise=surprise)

    assert surprises(client_of(rosa), f"{DISAGREEMENTS}?page_size=2") == [2.5, 2.5, 2.5, 1 / 3, 0.1]


def test_disagreements_are_filtered_by_badge(project: Project, rosa: User, bob: User) -> None:
    snapshot = make_snapshot(project)
    make_disagreement(compare(project, bob), snapshot, surprise=1.0, badge="contested")
    make_disagreement(compare(project, bob), snapshot, surprise=2.0, badge="likely_slip")

    assert surprises(client_of(rosa), f"{DISAGREEMENTS}?badge=contested") == [1.0]


def test_a_badge_that_is_none_is_refused(project: Project, rosa: User) -> None:
    assert client_of(rosa).get(f"{DISAGREEMENTS}?badge=wrong").status_code == 400


@pytest.mark.parametrize("cursor", ["cD1uYW4=", "cD1pbmY=", "cD14"])
def test_a_cursor_that_is_not_ours_is_refused(project: Project, rosa: User, cursor: str) -> None:
    assert client_of(rosa).get(f"{DISAGREEMENTS}?cursor={cursor}").status_code == 404


def test_the_list_costs_the_same_with_ten_more_rows(project: Project, rosa: User, bob: User) -> None:
    client, snapshot = client_of(rosa), make_snapshot(project)
    mover = compare(project, bob)
    make_disagreement(compare(project, bob), snapshot, influences=[(mover.pk, 0.4)])
    with CaptureQueriesContext(connection) as before:
        client.get(DISAGREEMENTS)
    for number in range(10):
        make_pair(project, 10 + number)
        make_pair(project, 30 + number)
        mover = compare(project, bob)
        make_disagreement(compare(project, bob), snapshot, influences=[(mover.pk, 0.4)])

    with CaptureQueriesContext(connection) as after:
        assert len(client.get(DISAGREEMENTS).json()["results"]) == 11

    assert len(after) == len(before)


ASKED = f"{DISAGREEMENTS}asked-again/"


@pytest.fixture
def flagged(project: Project, bob: User) -> Comparison:
    """Return a surprising verdict with a control."""
    verdict, control = compare(project, bob), compare(project, bob)
    make_disagreement(verdict, make_snapshot(project), control=control, control_p_left_out=0.9)
    return verdict


@pytest.mark.parametrize("by", ["comparisons", "top"])
def test_a_program_asks_again_and_reads_the_rates(project: Project, rosa: User, flagged: Comparison, by: str) -> None:
    client, nothing = client_of(rosa), {"surprising": None, "controls": None}
    before = client.get(ASKED).json()

    asked = client.post(ASKED, {"comparisons": [str(flagged.public_id)]} if by == "comparisons" else {"top": 1})

    unknown = {"n": 0, "share": None, "low": None, "high": None}
    assert (before, asked.status_code) == (nothing, 201)
    assert asked.json()["surprising"] == {"n_asked": 1, "n_answered": 0, "contradicted": unknown}
    assert asked.json() == client.get(ASKED).json()
    assert client.post(ASKED, {"top": 1}).status_code == 409


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize(
    "sent", [{}, {"top": 0}, {"top": 101}, {"top": "1"}, {"comparisons": ["x"]}, {"top": 1, "comparisons": []}]
)
def test_a_choice_that_is_none_is_refused(rosa: User, sent: dict[str, Any]) -> None:
    assert client_of(rosa).post(ASKED, sent, format="json").status_code == 400
    assert not AskedAgain.objects.exists()
