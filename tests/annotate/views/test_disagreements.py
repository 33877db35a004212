"""The disagreements screen."""

from collections.abc import Sequence

import pytest
from django.test import Client

from annotate.models import (
    AskedAgain,
    Assignment,
    Comparison,
    Disagreement,
    Outcome,
    Pair,
    Project,
    Prompt,
    Response,
    User,
)
from annotate.services.comparing import retract_comparison
from tests.annotate.api.material import make_disagreement, make_snapshot, make_study
from tests.annotate.views.browsers import browser_of, main_of, n_queries
from tests.factories import compare, make_member, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/disagreements"


def surprise(
    project: Project,
    annotator: User,
    *,
    nats: float,
    badge: str = "",
    influences: Sequence[tuple[int, float]] = (),
) -> Comparison:
    snapshot = project.snapshots.first() or make_snapshot(project)
    comparison = compare(project, annotator)
    make_disagreement(comparison, snapshot, surprise=nats, badge=badge, influences=influences)
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


def test_what_is_hidden_from_annotators_is_shown_as_they_saw_it(rosas: Client, project: Project, bob: User) -> None:
    comparison = surprise(project, bob, nats=2.3)
    Project.objects.update(mask_leaks=True, leak_phrases=["Penguinland"])
    Response.objects.filter(text="Penguinland.").update(leak="Penguinland")

    for page in (URL, f"{URL}/{comparison.public_id}"):
        assert "Penguinland" not in main_of(rosas.get(page))


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


def test_flip_rates_are_shown_with_their_controls_once_they_are_measured(rosas: Client, project: Project) -> None:
    assert "Measured here" not in main_of(rosas.get(URL))

    make_study(project, make_snapshot(project))

    page = " ".join(main_of(rosas.get(URL)).split())
    assert "of 34 surprising verdicts" in page
    assert "<b>44.1 %</b> were contradicted (95 % interval 29.0 % to 60.0 %)" in page
    assert "17.6 % (8.0 % to 34.0 %)" in page


def test_what_moved_the_head_is_named_for_and_against_with_links(rosas: Client, project: Project, bob: User) -> None:
    """P(first) is .1 without it, so what pushes toward second supports what the head expected."""
    first, second = compare(project, bob), compare(project, bob)
    surprise(project, bob, nats=2.3, influences=[(first.pk, 0.4), (second.pk, -0.7)])

    page = " ".join(main_of(rosas.get(URL)).split())

    supporting, opposing = page.split(">for<")[1].split(">against<")
    assert f"{URL}/{second.public_id}" in supporting
    assert "0.700 logits" in supporting
    assert f"{URL}/{first.public_id}" in opposing
    assert "-0.400 logits" in opposing


def test_a_verdict_that_was_taken_back_moves_nothing_any_more(rosas: Client, project: Project, bob: User) -> None:
    gone = compare(project, bob)
    surprise(project, bob, nats=2.3, influences=[(gone.pk, 0.4)])
    retract_comparison(comparison=gone, by=bob)

    assert "0.400 logits" not in main_of(rosas.get(URL))


@pytest.fixture
def flagged(project: Project, bob: User) -> list[Comparison]:
    """Return two surprising verdicts, the first with a control."""
    verdicts = [surprise(project, bob, nats=nats) for nats in (3.25, 1.75)]
    Disagreement.objects.filter(surprise=3.25).update(control=compare(project, bob), control_p_left_out=0.9)
    return verdicts


def asked(browser: Client, **sent: object) -> str:
    return " ".join(browser.post(URL, sent, follow=True).content.decode().split())


def test_the_most_surprising_are_asked_again_among_controls_and_say_so(
    rosas: Client, project: Project, flagged: list[Comparison]
) -> None:
    page = asked(rosas, ask="top", top="1")

    assert "One more person each is asked about 1 verdict and 1 control." in page
    assert "Of 1 surprising verdict that was asked again, 0 are answered." in page
    assert "Of 1 control that was asked again, 0 are answered." in page
    assert page.count("asked again, not answered yet") == 1
    assert set(AskedAgain.objects.values_list("pair", flat=True)) >= {flagged[0].assignment.pair_id}


def test_those_that_were_marked_are_asked_again(rosas: Client, project: Project, flagged: list[Comparison]) -> None:
    asked(rosas, ask="marked", comparison=[str(flagged[1].public_id)], top="10")

    assert list(AskedAgain.objects.values_list("pair", flat=True)) == [flagged[1].assignment.pair_id]


def test_what_was_said_again_is_shown_with_its_interval(
    rosas: Client, project: Project, flagged: list[Comparison]
) -> None:
    ben = make_member(project, "ben")
    asked(rosas, ask="top", top="1")
    Pair.objects.filter(slots_taken=0).update(open=False)
    for outcome in (Outcome.SECOND, Outcome.SECOND):
        compare(project, ben, outcome)

    page = " ".join(main_of(rosas.get(URL)).split())

    assert "asked again: contradicted" in page
    assert "1 is answered: <b>100.0 %</b> of 1 answer for a side contradicts it (95 % interval 20.7 % to" in page


@pytest.mark.parametrize(
    "sent",
    [{}, {"ask": "top"}, {"ask": "top", "top": "101"}, {"ask": "marked"}, {"ask": "marked", "comparison": "x"}],
)
@pytest.mark.usefixtures("flagged")
def test_a_choice_that_cannot_be_read_asks_nobody(rosas: Client, project: Project, sent: dict[str, str]) -> None:
    assert rosas.post(URL, sent).status_code in (302, 400)
    assert not AskedAgain.objects.exists()


@pytest.mark.usefixtures("flagged")
def test_asking_again_is_for_researchers(bobs: Client, project: Project, charlie: User) -> None:
    statuses = [browser.post(URL, {"ask": "top", "top": "1"}).status_code for browser in (bobs, browser_of(charlie))]

    assert statuses == [403, 404]
    assert not AskedAgain.objects.exists()


def test_a_tie_cannot_be_marked(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=2.3)
    before = main_of(rosas.get(URL))
    Comparison.objects.update(outcome=Outcome.TIE)

    assert "Ask again about this one" in before
    assert "Ask again about this one" not in main_of(rosas.get(URL))


def test_more_influences_cost_no_more_queries(rosas: Client, project: Project, bob: User) -> None:
    others = [compare(project, bob) for _ in range(2)]
    comparison = surprise(project, bob, nats=1, influences=[(others[0].pk, 0.4)])
    before = n_queries(rosas, URL)
    alone = n_queries(rosas, f"{URL}/{comparison.public_id}")

    Disagreement.objects.update(influences=[(other.pk, 0.4) for other in others])

    assert n_queries(rosas, URL) == before
    assert n_queries(rosas, f"{URL}/{comparison.public_id}") == alone


def test_more_rows_cost_no_more_queries(rosas: Client, project: Project, bob: User) -> None:
    surprise(project, bob, nats=1)
    before = n_queries(rosas, URL)

    for number in range(9):
        make_pair(project, 100 + number)
        surprise(project, bob, nats=2 + number)

    assert n_queries(rosas, URL) == before
