"""What the ranking screen answers its script: parts by name, as the compare screen does, with lineups for sheets."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotate.models import Comparison, Project, Prompt, Ranking, User
from annotate.services.projects import pause_project
from annotate.services.ranking import retract_ranking
from tests.annotate.views.browsers import fragment
from tests.annotate.views.test_rank import URL, order, shown
from tests.factories import make_lineup, make_ranking_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_ranking_project()


def lineups(answer: HttpResponse) -> list[str]:
    return re.findall(r'data-ranking="([^"]+)"', answer.content.decode())


def held(answer: HttpResponse) -> list[str]:
    (ids,) = re.findall(r'data-held="([^"]*)"', answer.content.decode())
    return ids.split()


def on_the_page_of(on_screen: Ranking) -> list[str]:
    """Return the lineups that the page has ahead of the one on screen."""
    others = Ranking.objects.filter(annotator=on_screen.annotator, ranked_at=None).exclude(pk=on_screen.pk)
    return [str(one.public_id) for one in others]


def test_an_order_is_answered_with_the_next_lineup_and_its_undo(bobs: Client, project: Project) -> None:
    first = shown(bobs)
    (ahead,) = on_the_page_of(first)

    answer = fragment(bobs, URL, order(first, [1, 2, 3, 4], have=ahead))

    following = Ranking.objects.latest("id")
    assert answer.status_code == 200
    assert lineups(answer) == [str(following.public_id)]
    assert held(answer) == [ahead, str(following.public_id)]
    assert f'data-undo="{first.public_id}"' in answer.content.decode()
    assert "Saved." in answer.content.decode()


def test_a_lineup_that_the_page_has_is_not_sent_again(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    ahead = on_the_page_of(own)

    answers = [
        bobs.get(URL, {"have": has}, headers={"HX-Request": "true"})
        for has in (str(own.public_id), [str(own.public_id), *ahead])
    ]

    assert [lineups(answer) for answer in answers] == [ahead, []]
    assert [held(answer) for answer in answers] == [[str(own.public_id), *ahead]] * 2


def test_a_skip_is_answered_with_the_lineup_behind_the_one_that_is_shown_by_now(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    (ahead,) = on_the_page_of(own)

    answer = fragment(bobs, URL, {"ranking": str(own.public_id), "skip": "unclear_prompt", "have": ahead})

    assert held(answer) == [ahead, *lineups(answer)]
    assert len(held(answer)) == 2


def test_where_a_project_is_paused_its_last_answer_takes_what_was_ahead(
    bobs: Client, project: Project, alice: User
) -> None:
    own = shown(bobs)
    pause_project(project=project, by=alice)

    answer = fragment(bobs, URL, order(own, [1, 2, 3, 4], have=on_the_page_of(own)[0]))

    assert Comparison.objects.filter(ranking=own).count() == 6
    assert (lineups(answer), held(answer)) == ([], [])
    assert "This project is paused" in answer.content.decode()


def test_the_last_lineup_is_shown_without_one_ahead_and_then_all_is_judged(bobs: Client, project: Project) -> None:
    answers = [fragment(bobs, URL, order(shown(bobs), [1, 2, 3, 4])) for _ in range(3)]

    assert [len(held(answer)) for answer in answers] == [2, 1, 0]
    assert ['data-part="waiting"' in answer.content.decode() for answer in answers] == [False, False, True]
    assert "You have judged everything" in answers[-1].content.decode()


def test_an_order_sent_twice_is_stored_once_and_answered_alike(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])

    answers = [fragment(bobs, URL, sent) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert Comparison.objects.count() == 6


def test_another_order_under_the_same_key_is_refused_for_good(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])
    fragment(bobs, URL, sent)

    answer = fragment(bobs, URL, sent | {"rank:1": "9"})

    assert answer.status_code == 422
    assert "Make a new key" in answer.content.decode()


def test_a_second_order_from_another_tab_is_told_that_the_first_stands(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    fragment(bobs, URL, order(own, [1, 2, 3, 4]))

    answer = fragment(bobs, URL, order(own, [4, 3, 2, 1]))

    assert answer.status_code == 409
    assert "your first order stands" in answer.content.decode()


def test_an_undo_by_the_key_of_the_press_brings_the_lineup_to_the_front(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])
    following = held(fragment(bobs, URL, sent))

    answer = fragment(bobs, URL, {"undo": sent["client_key"], "have": following})

    (again,) = lineups(answer)
    assert again != sent["ranking"]
    assert f'data-ranking="{again}" data-in-front' in " ".join(answer.content.decode().split())
    assert held(answer) == [*following, again]


def test_what_is_ahead_stays_when_a_lineup_before_it_is_undone_and_ranked_again(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])
    following = held(fragment(bobs, URL, sent))
    (again,) = lineups(fragment(bobs, URL, {"undo": sent["client_key"], "have": following}))

    answer = fragment(bobs, URL, sent | {"ranking": again, "client_key": str(uuid4()), "have": following})

    assert (lineups(answer), held(answer)) == ([], following)


def test_an_undo_finds_the_lineup_where_it_was_lent_anew_before(bobs: Client, project: Project, bob: User) -> None:
    Prompt.objects.order_by("id")[2].delete()
    own = shown(bobs)
    fragment(bobs, URL, order(own, [1, 2, 3, 4]))
    retract_ranking(ranking=own, by=bob)  # elsewhere, and the next page is lent it as any other
    bobs.get(URL)
    again = Ranking.objects.latest("id")
    Ranking.objects.filter(pk=again.pk).update(lineup=own.lineup[::-1])  # whatever chance would draw

    answer = fragment(bobs, URL, {"undo": str(own.public_id)})

    assert "Rank them again" in answer.content.decode()
    assert f'data-ranking="{again.public_id}" data-in-front' in " ".join(answer.content.decode().split())


def test_an_order_that_comes_again_after_its_undo_does_not_look_saved(bobs: Client, project: Project) -> None:
    sent = order(shown(bobs), [1, 2, 3, 4])
    fragment(bobs, URL, sent)
    fragment(bobs, URL, {"undo": sent["client_key"]})

    answer = fragment(bobs, URL, sent)

    assert answer.status_code == 409
    assert "You took this order back" in answer.content.decode()
    assert not Comparison.objects.live().exists()


def test_an_order_of_a_page_from_before_the_undo_is_stored(bobs: Client, project: Project) -> None:
    old = shown(bobs)
    fragment(bobs, URL, order(old, [1, 2, 3, 4]))
    fragment(bobs, URL, {"undo": str(old.public_id)})

    answer = fragment(bobs, URL, order(old, [4, 3, 2, 1]))

    assert answer.status_code == 200
    assert Comparison.objects.live().count() == 6
    assert Ranking.objects.filter(retracted_at=None, ranked_at__isnull=False).get().lineup == old.lineup


@pytest.mark.parametrize(
    "wrong", [{"rank:2": ""}, {"ranking": "00000000-0000-4000-8000-000000000000"}, {"ranking": "7"}]
)
def test_what_cannot_be_stored_is_no_final_answer(bobs: Client, project: Project, wrong: dict[str, str]) -> None:
    """Statuses on which the browser keeps the press (static/js/sending.js), with the parts that the page needs."""
    own = shown(bobs)

    answer = fragment(bobs, URL, order(own, [1, 2, 3, 4]) | wrong)

    assert answer.status_code in (400, 404)
    assert held(answer) == [str(own.public_id), *on_the_page_of(own)]
    assert 'class="note error"' in answer.content.decode()


def test_another_persons_press_is_not_taken(bobs: Client, project: Project) -> None:
    answer = fragment(bobs, URL, order(shown(bobs), [1, 2, 3, 4], by=str(uuid4())))

    assert answer.status_code == 401
    assert "Somebody else is signed in" in answer.content.decode()
    assert not Comparison.objects.exists()


def test_after_the_session_ended_the_answer_is_no_login_page(client: Client, project: Project) -> None:
    answer = client.post(URL, {"send": "order"}, headers={"HX-Request": "true"}, follow=True)

    assert answer.status_code == 401
    assert "password" not in answer.content.decode()


def test_a_project_that_turned_to_pairs_says_so_and_stores_what_was_under_way(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    Project.objects.update(outcomes=Project.Outcomes.TIES)

    answer = fragment(bobs, URL, order(own, [1, 2, 3, 4]))

    assert answer.status_code == 200
    assert "This project asks about pairs now" in answer.content.decode()
    assert Comparison.objects.filter(ranking=own).count() == 6


def test_the_compare_screens_script_is_sent_to_no_rankings(bobs: Client, project: Project) -> None:
    answer = fragment(bobs, "/p/antarctica/compare")

    assert 'data-asks="ranking"' in answer.content.decode()  # by which the script sees that it is of before
    assert (lineups(answer), held(answer)) == ([], [])


def test_an_answer_costs_the_same_with_more_prompts(bobs: Client, project: Project) -> None:
    before = queries_of_an_order(bobs)
    for number in range(4, 14):
        make_lineup(project, number)

    assert queries_of_an_order(bobs) == before


def queries_of_an_order(browser: Client) -> int:
    ranking = shown(browser)
    with CaptureQueriesContext(connection) as captured:
        fragment(browser, URL, order(ranking, [1, 2, 3, 4]))
    return len(captured)
