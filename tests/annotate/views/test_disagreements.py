"""The disagreements screen."""

import pytest
from django.test import Client

from annotate.models import Assignment, Comparison, Outcome, Project, Prompt, User
from tests.annotate.api.material import make_disagreement, make_snapshot
from tests.annotate.views.browsers import main_of, n_queries
from tests.factories import compare, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/disagreements"


def surprise(project: Project, annotator: User, *, nats: float, badge: str = "") -> Comparison:
    snapshot = project.snapshots.first() or make_snapshot(project)
    comparison = compare(project, annotator)
    make_disagreement(comparison, snapshot, surprise=nats, badge=badge)
    return comparison


def test_the_most_surprising_comes_first(rosas: Client, project: Project, bob: User) -> None:
    for nats in (0.5, 3.25, 1.75):
        surprise(project, bob, nats=nats)

    page = main_of(rosas.get(URL))

    assert page.index("3.25 nats") < page.index("1.75 nats") < page.index("0.50 nats")


@pytest.mark.parametrize(
    ("first_on_left", "chose", "expected"), [(True, "A", "B"), (False, "B", "A"), (None, "A", "B")]
)
def test_it_says_what_the_person_saw_and_chose_and_what_the_head_thought(
    rosas: Client, project: Project, bob: User, first_on_left: bool | None, chose: str, expected: str
) -> None:
    surprise(project, bob, nats=2.3)
    Assignment.objects.update(first_on_left=first_on_left)

    page = " ".join(main_of(rosas.get(URL)).split())

    assert f"bob chose <b>{chose} is better</b>" in page
    assert f"the head expected <b>{expected}</b>, with 90 %" in page
    assert "head: 10 %" in page


@pytest.mark.parametrize("first_on_left", [True, False, None])
def test_the_chosen_text_is_marked_as_chosen(
    rosas: Client, project: Project, bob: User, first_on_left: bool | None
) -> None:
    surprise(project, bob, nats=2.3)
    Assignment.objects.update(first_on_left=first_on_left)

    page = main_of(rosas.get(URL))

    chosen = page.split('class="side chosen"')[1].split('class="side ')[0]
    assert "No country owns it." in chosen
    assert "Penguinland." not in chosen


def test_a_tie_is_called_one(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=2.3)
    Comparison.objects.update(outcome=Outcome.TIE)

    assert "chose <b>a tie</b>" in main_of(rosas.get(URL))


def test_both_texts_and_their_sources_are_there(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=2.3)

    page = main_of(rosas.get(URL))

    for words in ("No country owns it.", "Penguinland.", "careful", "silly", "Which country owns Antarctica?"):
        assert words in page


def test_it_says_plainly_that_most_surprising_verdicts_are_not_errors(rosas: Client) -> None:
    assert "Most surprising verdicts are not errors" in " ".join(main_of(rosas.get(URL)).split())


def test_a_badge_narrows_the_list(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=3.25, badge="likely_slip")
    surprise(project, bob, nats=1.75, badge="contested")

    page = main_of(rosas.get(f"{URL}?badge=contested"))

    assert "1.75 nats" in page
    assert "3.25 nats" not in page


@pytest.mark.parametrize("query", ["badge=comparison__comment", "badge=", "page=999", "page=x"])
def test_an_odd_query_shows_the_list(rosas: Client, project: Project, bob: User, query: str) -> None:
    surprise(project, bob, nats=3.25)

    assert "3.25 nats" in main_of(rosas.get(f"{URL}?{query}"))


def test_ten_stand_on_a_page_and_the_rest_on_the_next(rosas: Client, project: Project, bob: User) -> None:
    for number in range(11):
        make_pair(project, 100 + number)
        surprise(project, bob, nats=number)

    first, second = (main_of(rosas.get(f"{URL}?page={page}")) for page in (1, 2))

    assert (first.count("nats of surprise"), second.count("nats of surprise")) == (10, 1)
    assert "Less surprising" in first
    assert "1 to 10 of 11" in first


def test_markup_in_texts_is_text(rosas: Client, project: Project, bob: User) -> None:
    Prompt.objects.update(messages=[{"role": "user", "content": "<img src=https://evil.example/x>"}])
    surprise(project, bob, nats=2.3)

    assert "<img" not in main_of(rosas.get(URL))


def test_an_empty_list_says_when_it_fills(rosas: Client) -> None:
    assert "written with each snapshot" in main_of(rosas.get(URL))


def test_more_rows_cost_no_more_queries(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=1)
    before = n_queries(rosas, URL)

    for number in range(9):
        make_pair(project, 100 + number)
        surprise(project, bob, nats=2 + number)

    assert n_queries(rosas, URL) == before
