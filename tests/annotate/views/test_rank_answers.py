"""What the ranking screen answers its script: parts by name, as the compare screen does, with lineups for sheets."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.models import Assignment, Comparison, Project, Ranking
from tests.annotate.views.browsers import browser_of, fragment
from tests.annotate.views.test_rank import URL, order, shown
from tests.factories import make_lineup, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    for number in (1, 2, 3):
        make_lineup(project, number)
    return project


def lineups(answer: HttpResponse) -> list[str]:
    return re.findall(r'data-ranking="([^"]+)"', answer.content.decode())


def held(answer: HttpResponse) -> list[str]:
    (ids,) = re.findall(r'data-held="([^"]*)"', answer.content.decode())
    return ids.split()


def test_an_order_is_answered_with_the_next_lineup_and_its_undo(bobs: Client, project: Project) -> None:
    first = shown(bobs)

    answer = fragment(bobs, URL, order(first, [1, 2, 3, 4]))

    following = Ranking.objects.get(ranked_at=None)
    assert answer.status_code == 200
    assert lineups(answer) == held(answer) == [str(following.public_id)]
    assert f'data-undo="{first.public_id}"' in answer.content.decode()
    assert "Saved." in answer.content.decode()


def test_a_lineup_that_the_page_has_is_not_sent_again(bobs: Client, project: Project) -> None:
    own = shown(bobs)

    answer = bobs.get(URL, {"have": str(own.public_id)}, headers={"HX-Request": "true"})

    assert (lineups(answer), held(answer)) == ([], [str(own.public_id)])


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
    (following,) = lineups(fragment(bobs, URL, sent))

    answer = fragment(bobs, URL, {"undo": sent["client_key"], "have": following})

    (again,) = lineups(answer)
    assert again != sent["ranking"]
    assert f'data-ranking="{again}" data-in-front' in " ".join(answer.content.decode().split())
    assert held(answer) == [again, following]


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
    assert held(answer) == [str(own.public_id)]
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


def seconds_left(ranking: Ranking) -> set[int]:
    """Return for how many seconds more the pairs of a ranking are lent, to the next ten."""
    ends = ranking.assignments.values_list("lease_ends_at", flat=True)
    return {round((end - timezone.now()).total_seconds(), -1) for end in ends}


def test_a_page_that_is_looked_at_keeps_all_pairs_of_its_lineup(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    Assignment.objects.update(lease_ends_at=Now() + timedelta(seconds=5))

    answer = fragment(bobs, URL, {"renew": "1", "have": str(own.public_id)})

    assert answer.status_code == 200
    assert seconds_left(own) == {project.lease_seconds}


def test_a_page_that_is_left_lets_go_of_its_own_lineup_alone(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    dora = make_member(project, "dora")
    browser_of(dora).get(URL)
    others = Ranking.objects.get(annotator=dora)

    answer = fragment(bobs, URL, {"leave": [str(own.public_id), str(others.public_id), "nonsense"]})

    assert answer.status_code == 204
    assert max(seconds_left(own)) <= 20
    assert seconds_left(others) == {project.lease_seconds}


def test_a_lineup_whose_lease_ended_is_lent_again_as_it_was(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    Ranking.objects.update(lineup=own.lineup[::-1])  # whatever chance would draw this time
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    again = lineups(bobs.get(URL))

    own.refresh_from_db()
    place = {response: at for at, response in enumerate(own.lineup)}
    assert again == [str(own.public_id)]
    for assignment in own.assignments.select_related("pair"):
        assert assignment.first_on_left == (place[assignment.pair.first_id] < place[assignment.pair.second_id])


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
