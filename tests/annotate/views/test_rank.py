"""The ranking screen as a form: what it shows and hides, and what each of its buttons does."""

import re
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from annotate.models import Comparison, Project, Ranking, Response, Role, User
from annotate.services.projects import pause_project
from tests.annotate.views.browsers import browser_of, n_queries
from tests.factories import make_lineup, make_member, make_project, make_ranking_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/rank"


@pytest.fixture
def project(db: None) -> Project:
    return make_ranking_project(2)


def order(ranking: Ranking, ranks: list[int], **also: str) -> dict[str, str]:
    """Return what the screen's form sends; `ranks` in the order shown."""
    written = {f"rank:{number}": str(rank) for number, rank in enumerate(ranks, 1)}
    return {"ranking": str(ranking.public_id), "client_key": str(uuid4()), "send": "order", **written, **also}


def shown(client: Client, url: str = URL) -> Ranking:
    """Return the ranking that the page shows, or would show first without a script."""
    (on_screen,) = re.findall(r'name="ranking" value="([^"]+)"', on_screen_of(client.get(url)))
    return Ranking.objects.get(public_id=on_screen)


def on_screen_of(answer: HttpResponse) -> str:
    """Return the page without what is only there for its script."""
    return re.sub(r"<template.*?</template>", "", answer.content.decode(), flags=re.DOTALL)


def test_the_page_shows_the_responses_in_their_order_with_a_rank_for_each(bobs: Client, project: Project) -> None:
    ranking, page = shown(bobs), on_screen_of(bobs.get(URL))

    texts = Response.objects.in_bulk(ranking.lineup)
    places = [page.index(texts[response].text) for response in ranking.lineup]
    assert places == sorted(places)
    assert re.findall(r'name="rank:(\d)"', page) == ["1", "2", "3", "4"]


def test_ranks_are_stored_as_tiers_of_what_was_shown(bobs: Client, project: Project) -> None:
    ranking = shown(bobs)
    one, two, three, four = ranking.lineup

    answer = bobs.post(URL, order(ranking, [2, 1, 7, 2], comment="hm"), follow=True)

    ranking.refresh_from_db()
    assert (ranking.tiers, ranking.comment) == ([[two], [one, four], [three]], "hm")
    assert "Saved." in answer.content.decode()
    assert Comparison.objects.filter(ranking=ranking).count() == 6


def test_a_double_press_is_stored_once(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])

    answers = [bobs.post(URL, sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Comparison.objects.count() == 6


@pytest.mark.parametrize("ranks", [[1, 2, 3], []])
def test_a_response_without_a_rank_is_refused(bobs: Client, project: Project, ranks: list[int]) -> None:
    answer = bobs.post(URL, order(shown(bobs), ranks))

    assert answer.status_code == 400
    assert "Give every response a number" in answer.content.decode()
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("rank", ["first", "-1", "1.5", "", "1" * 5000])
def test_a_rank_that_is_no_number_is_refused(bobs: Client, project: Project, rank: str) -> None:
    assert bobs.post(URL, order(shown(bobs), [1, 2, 3, 4], **{"rank:2": rank})).status_code == 400


def test_a_second_order_of_another_tab_is_told_that_the_first_stands(bobs: Client, project: Project) -> None:
    ranking = shown(bobs)
    bobs.post(URL, order(ranking, [1, 2, 3, 4]))

    answer = bobs.post(URL, order(ranking, [4, 3, 2, 1]), follow=True)

    assert "your first order stands" in answer.content.decode()


def test_a_skip_and_an_undo_lead_to_the_next_page(bobs: Client, project: Project) -> None:
    first = shown(bobs)
    skipped = bobs.post(URL, {"ranking": str(first.public_id), "skip": "unclear_prompt"}, follow=True)
    second = shown(bobs)
    bobs.post(URL, order(second, [1, 2, 3, 4]))

    undone = bobs.post(URL, {"undo": str(second.public_id)}, follow=True)

    assert second != first
    assert "Given back without an order" in skipped.content.decode()
    assert "Rank them again" in undone.content.decode()
    assert not Comparison.objects.live().exists()


def test_an_undone_lineup_is_in_front_of_those_ahead_and_they_follow(bobs: Client, project: Project) -> None:
    make_lineup(project, 3)
    first = shown(bobs)
    bobs.post(URL, order(first, [1, 2, 3, 4]))
    following = shown(bobs)

    undone = bobs.post(URL, {"undo": str(first.public_id)})
    again = shown(bobs, undone["Location"])
    bobs.post(URL, order(again, [1, 2, 3, 4]))

    assert (again.lineup, again != first) == (first.lineup, True)
    assert shown(bobs) == following


@pytest.mark.parametrize("asked_for", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_address_that_asks_for_no_lineup_of_ones_own_shows_the_next(
    bobs: Client, project: Project, asked_for: str
) -> None:
    assert shown(bobs, f"{URL}?ranking={asked_for}") == shown(bobs)


def test_the_next_lineup_is_in_the_page_already_and_no_part_of_the_form(bobs: Client, project: Project) -> None:
    answer = bobs.get(URL)

    name = re.compile(r'data-ranking="([^"]+)"')
    here, on_screen = name.findall(answer.content.decode()), name.findall(on_screen_of(answer))
    assert here == [str(one.public_id) for one in Ranking.objects.order_by("id")]
    assert (on_screen, len(here)) == (here[:1], 2)


def test_the_lineup_that_was_ahead_follows(bobs: Client, project: Project) -> None:
    first = shown(bobs)
    (ahead,) = Ranking.objects.exclude(pk=first.pk)

    bobs.post(URL, order(first, [1, 2, 3, 4]))

    assert shown(bobs) == ahead


def test_an_undo_that_is_sent_again_is_answered_as_the_first_was(bobs: Client, project: Project) -> None:
    ranking = shown(bobs)
    bobs.post(URL, order(ranking, [1, 2, 3, 4]))

    answers = [bobs.post(URL, {"undo": str(ranking.public_id)}, follow=True) for _ in range(2)]

    assert all("Undone. Rank them again." in answer.content.decode() for answer in answers)


def test_an_order_that_was_under_way_when_the_project_turned_to_pairs_is_stored(bobs: Client, project: Project) -> None:
    ranking = shown(bobs)
    Project.objects.update(outcomes=Project.Outcomes.TIES)

    bobs.post(URL, order(ranking, [1, 2, 3, 4]))

    assert Comparison.objects.filter(ranking=ranking).count() == 6


def test_when_all_is_ranked_the_page_says_so(bobs: Client, project: Project) -> None:
    for _ in range(2):
        bobs.post(URL, order(shown(bobs), [1, 2, 3, 4]))

    assert "You have judged everything" in bobs.get(URL).content.decode()


def test_a_paused_project_and_unread_guidelines_lend_nothing(bobs: Client, project: Project, alice: User) -> None:
    Project.objects.update(guidelines="Be kind.")
    assert "First, the guidelines" in bobs.get(URL).content.decode()
    bobs.post("/p/antarctica/guidelines", {"read": "1"})
    pause_project(project=Project.objects.get(), by=alice)

    assert "This project is paused" in bobs.get(URL).content.decode()
    assert not Ranking.objects.exists()


def test_somebody_elses_ranking_does_not_exist(bobs: Client, rosas: Client, project: Project) -> None:
    answer = rosas.post(URL, order(shown(bobs), [1, 2, 3, 4]))

    assert answer.status_code == 404
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"send": "order"}, {"skip": "x"}, {"undo": "7"}])
def test_what_no_page_sends_is_refused(bobs: Client, project: Project, sent: dict[str, str]) -> None:
    assert bobs.post(URL, sent).status_code == 400


def test_nothing_tells_the_sources(bobs: Client, project: Project) -> None:
    Response.objects.update(source="secret-system")

    assert "secret-system" not in bobs.get(URL).content.decode()


def test_strangers_and_outsiders_see_nothing(client: Client, charlie: User, project: Project) -> None:
    assert client.get(URL).status_code == 302
    assert browser_of(charlie).get(URL).status_code == 404


def test_a_project_of_pairs_has_no_such_page(db: None) -> None:
    project = make_project(n_pairs=1)

    assert browser_of(make_member(project, role=Role.ADMIN)).get(URL)["Location"] == "/p/antarctica/compare"


def test_more_prompts_cost_no_more_queries(bobs: Client, project: Project) -> None:
    before = n_queries(bobs, URL)
    for number in range(3, 13):
        make_lineup(project, number)

    assert n_queries(bobs, URL) == before
