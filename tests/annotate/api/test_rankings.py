"""Rankings over the API: shown blind, stored once whatever is sent twice, given back, undone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, Ranking, Response, User
from tests.annotate.api.clients import client_of
from tests.factories import make_lineup, make_project

pytestmark = pytest.mark.django_db

UNBLINDING = ("source", "stream", "propensity", "p_first", "snapshot", "reward", "audit", "secret-system")


@pytest.fixture
def project(db: None) -> Project:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    for number in (1, 2):
        make_lineup(project, number)
    Response.objects.update(source="secret-system")
    return project


def lease(user: User, slug: str = "antarctica", **body: Any) -> Any:
    return client_of(user).post(f"/api/v1/projects/{slug}/rankings/", body or None)


def lent(user: User) -> dict[str, Any]:
    """Lend the user a lineup, which there must be, and return it."""
    ranking: dict[str, Any]
    (ranking,) = lease(user).json()["rankings"]
    return ranking


def send(user: User, ranking: dict[str, Any], *places: int, **fields: Any) -> Any:
    """Send an order; `places` are those of the responses in the order shown, or just as they are shown."""
    ids = [response["id"] for response in ranking["responses"]]
    ranks = places or range(len(ids))
    order = [[name for name, rank in zip(ids, ranks, strict=True) if rank == at] for at in sorted(set(ranks))]
    body = {"client_key": str(uuid4()), "order": order, **fields}
    return client_of(user).post(f"/api/v1/rankings/{ranking['id']}/order/", body)


def retract(user: User, ranking: dict[str, Any]) -> Any:
    return client_of(user).post(f"/api/v1/rankings/{ranking['id']}/retract/")


def skip(user: User, ranking: dict[str, Any], **body: str) -> Any:
    return client_of(user).post(f"/api/v1/rankings/{ranking['id']}/skip/", body or {"reason": "too hard"})


def test_a_lineup_is_lent_in_the_order_in_which_it_must_be_shown(project: Project, bob: User) -> None:
    answer = lease(bob)

    ranking = Ranking.objects.get()
    texts = {row.pk: row.text for row in Response.objects.all()}
    (shown,) = answer.json()["rankings"]
    assert answer.status_code == 201
    assert shown["id"] == str(ranking.public_id)
    assert shown["prompt"] == ranking.prompt.messages
    assert [response["text"] for response in shown["responses"]] == [texts[one] for one in ranking.lineup]
    assert shown["responses"][0]["html"].startswith("<p")
    assert parse_datetime(shown["lease_ends_at"]) == ranking.assignments.all()[0].lease_ends_at
    assert (answer.json()["reason"], answer.json()["retry_after_seconds"]) == (None, None)


def test_nothing_that_is_lent_or_answered_unblinds(project: Project, bob: User) -> None:
    ranking = lent(bob)
    answers = [ranking, send(bob, ranking).json(), send(bob, ranking).json(), retract(bob, ranking).json()]

    assert not [word for word in UNBLINDING if word in str(answers).lower()]


def test_names_of_sources_are_hidden_as_on_the_page(project: Project, bob: User) -> None:
    Response.objects.update(text="As Claude, I say so.", leak="As Claude")

    texts = {response["text"] for response in lent(bob)["responses"]}

    assert texts == {"[name hidden], I say so."}


def test_an_order_is_stored_with_its_ties(project: Project, bob: User) -> None:
    ranking = lent(bob)

    answer = send(bob, ranking, 1, 0, 1, 2, comment=" hm ", shown_at="2026-01-02T03:04:05Z", decided_at=None)

    stored = Ranking.objects.get()
    one, two, three, four = stored.lineup
    ids = [response["id"] for response in ranking["responses"]]
    assert answer.status_code == 201
    assert answer.json()["order"][1:] in ([[ids[0], ids[2]], [ids[3]]], [[ids[2], ids[0]], [ids[3]]])
    assert [sorted(tier) for tier in stored.tiers] == [[two], sorted([one, three]), [four]]
    assert stored.comment == " hm "
    assert Comparison.objects.filter(outcome=Outcome.TIE).count() == 1
    assert Comparison.objects.count() == 6


def test_all_may_be_equal(project: Project, bob: User) -> None:
    assert send(bob, lent(bob), 0, 0, 0, 0).status_code == 201
    assert set(Comparison.objects.values_list("outcome", flat=True)) == {Outcome.TIE}


def test_the_same_key_and_order_again_gets_200_and_the_first_one(project: Project, bob: User) -> None:
    ranking, key = lent(bob), str(uuid4())

    answers = [send(bob, ranking, client_key=key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert Comparison.objects.count() == 6


@pytest.mark.parametrize("other", [{"comment": "x"}, {"order": "turned"}])
def test_the_same_key_with_another_order_is_422(project: Project, bob: User, other: dict[str, Any]) -> None:
    ranking, key = lent(bob), str(uuid4())
    send(bob, ranking, client_key=key)
    places = (3, 2, 1, 0) if other.pop("order", None) else ()

    answer = send(bob, ranking, *places, client_key=key, **other)

    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_another_key_is_409_with_the_stored_order(project: Project, bob: User) -> None:
    ranking = lent(bob)
    first = send(bob, ranking).json()

    answer = send(bob, ranking, 3, 2, 1, 0)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_compared")
    assert answer.json()["details"]["order"] == first["order"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": []}, {"order": [[]]}, {"order": "ABCD"}, {"order": [["x"]]}, {"order": [[7]]}, {"order": None},
        {"order": [["00000000-0000-4000-8000-000000000000"]]},
        {"client_key": "x"}, {"client_key": None}, {"rank": 1}, {"comment": "\x00"},
        {"comment": "x" * 10_001},
    ],
    ids=lambda wrong: str(wrong)[:30],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_and_the_lineup_stays_lent(
    project: Project, bob: User, wrong: dict[str, Any]
) -> None:
    ranking = lent(bob)

    answer = send(bob, ranking, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not Comparison.objects.exists()
    assert lent(bob) == ranking


def test_a_refusal_says_which_responses_were_not_lent_and_what_to_do(project: Project, bob: User) -> None:
    ranking, strange = lent(bob), str(uuid4())
    ids = [response["id"] for response in ranking["responses"]]

    unknown = send(bob, ranking, order=[[*ids, strange]]).json()
    twice = send(bob, ranking, order=[ids, ids[:1]]).json()
    missing = send(bob, ranking, order=[ids[1:]]).json()

    assert unknown["details"]["unknown"] == [strange]
    assert "Use the ids of the ranking" in unknown["message"]
    assert "Give every response a place" in twice["message"] == missing["message"]


def test_a_skip_gives_every_pair_back_once(project: Project, bob: User) -> None:
    ranking = lent(bob)

    answers = [skip(bob, ranking), skip(bob, ranking)]

    assert [answer.status_code for answer in answers] == [204, 409]
    assert not Pair.objects.exclude(slots_taken=0).exists()
    assert lent(bob)["prompt"] != ranking["prompt"]


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "x" * 41}, {"why": "x"}], ids=str)
def test_a_skip_needs_a_short_reason(project: Project, bob: User, body: dict[str, str]) -> None:
    assert skip(bob, lent(bob), **body).status_code == 400


def test_an_undo_takes_the_whole_order_back_and_is_answered_alike_again(project: Project, bob: User) -> None:
    ranking = lent(bob)
    send(bob, ranking)

    answers = [retract(bob, ranking), retract(bob, ranking)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["retracted_at"] is not None
    assert not Comparison.objects.live().exists()
    assert not Pair.objects.exclude(slots_taken=0).exists()


def test_what_was_never_ranked_cannot_be_undone(project: Project, bob: User) -> None:
    assert retract(bob, lent(bob)).status_code == 409


def test_one_pair_of_a_ranking_leads_to_the_ranking(project: Project, bob: User) -> None:
    ranking = lent(bob)
    send(bob, ranking)
    client = client_of(bob)
    own = client.get("/api/v1/me/comparisons/").json()["results"]

    answer = client.post(f"/api/v1/comparisons/{own[0]['id']}/retract/")

    assert {row["ranking"] for row in own} == {ranking["id"]}
    assert (answer.status_code, answer.json()["details"]) == (409, {"ranking": ranking["id"]})


def test_a_late_order_is_stored(project: Project, bob: User) -> None:
    ranking = lent(bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    assert send(bob, ranking).status_code == 201
    assert not Comparison.objects.filter(surplus=True).exists()
