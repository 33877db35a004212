"""Gold pairs over the API: admins read, set, change and clear their answers."""

from typing import Any
from uuid import uuid4

import pytest

from annotate.models import Outcome, Pair, Project, User
from tests.annotate.api.clients import client_of
from tests.factories import compare, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

GOLD = "/api/v1/projects/antarctica/gold/"


def set_over_api(user: User, pair: Pair, /, **fields: Any) -> Any:
    return client_of(user).post(GOLD, {"pair": str(pair.public_id), "outcome": "first"} | fields)


def clear(user: User, pair: Pair) -> Any:
    return client_of(user).post(f"{GOLD}clear/", {"pair": str(pair.public_id)})


def test_an_answer_is_set_listed_changed_and_cleared(project: Project, alice: User) -> None:
    pair = project.pairs.order_by("id")[0]

    set_once = set_over_api(alice, pair, note="Because.")
    set_again = set_over_api(alice, pair, outcome="tie")
    (listed,) = client_of(alice).get(GOLD).json()["results"]
    cleared = [clear(alice, pair).status_code for _ in range(2)]

    assert (set_once.status_code, set_once.json()["note"]) == (200, "Because.")
    assert set_again.json() == listed
    assert (listed["pair"], listed["outcome"], listed["note"]) == (str(pair.public_id), "tie", "")
    assert listed["first"] == {"id": str(pair.first.public_id), "text": pair.first.text, "source": "careful"}
    assert cleared == [204, 204]
    assert client_of(alice).get(GOLD).json()["results"] == []


def test_how_it_was_answered_is_listed(project: Project, alice: User) -> None:
    pair = make_pair(project, 9)
    set_over_api(alice, pair)
    Project.objects.update(gold_share=1)
    project.refresh_from_db()
    for name, outcome in (("b1", Outcome.FIRST), ("b2", Outcome.SECOND)):
        compare(project, make_member(project, name), outcome)

    (listed,) = client_of(alice).get(GOLD).json()["results"]

    assert (listed["n_answered"], listed["n_right"]) == (2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "left"}, {"outcome": ""}, {"outcome": None}, {"pair": "x"}, {"note": "x" * 2001}, {"open": True},
        {"note": "\x00"},
    ],
    ids=lambda wrong: str(wrong)[:30],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused(project: Project, alice: User, wrong: dict[str, Any]) -> None:
    answer = set_over_api(alice, project.pairs.all()[0], **wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not Pair.objects.exclude(gold_outcome="").exists()


def test_only_pairs_of_the_project_can_be_gold(project: Project, alice: User) -> None:
    others = make_pair(make_project("elsewhere"), 1)

    answers = [
        set_over_api(alice, others),
        clear(alice, others),
        client_of(alice).post(GOLD, {"pair": str(uuid4()), "outcome": "first"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_ranking_project_has_no_gold_pairs(project: Project, alice: User) -> None:
    Project.objects.update(outcomes=Project.Outcomes.RANKING)

    answer = set_over_api(alice, project.pairs.all()[0])

    assert (answer.status_code, "rankings, which ask no gold pairs" in answer.json()["message"]) == (400, True)


def test_pages_of_gold_pairs_follow_one_another(project: Project, alice: User) -> None:
    for pair in project.pairs.all():
        set_over_api(alice, pair)

    first = client_of(alice).get(f"{GOLD}?page_size=3").json()
    second = client_of(alice).get(first["next"]).json()

    named = [row["pair"] for page in (first, second) for row in page["results"]]
    assert sorted(named) == sorted(str(pair.public_id) for pair in project.pairs.all())
