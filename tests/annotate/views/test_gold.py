"""The gold page: for admins alone; answers are set, changed and cleared there, and pairs found to be made gold."""

from uuid import uuid4

import pytest
from django.test import Client

from annotate.models import AuditEvent, Outcome, Pair, Project, User
from annotate.services.gold import set_gold
from tests.annotate.views.browsers import browser_of, n_queries
from tests.factories import compare, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/gold"


@pytest.fixture
def gold(project: Project, alice: User) -> Pair:
    """Return a gold pair of a project with five others."""
    pair = make_pair(project, 9, prompt="What is ice?", texts=("Frozen water.", "Hot."), sources=("careful", "silly"))
    set_gold(pair=pair, outcome=Outcome.FIRST, by=alice, note="Because it melts.")
    pair.refresh_from_db()
    return pair


def sent(pair: Pair, **fields: str) -> dict[str, str]:
    return {"pair": str(pair.public_id)} | fields


def page_of(browser: Client, url: str = URL) -> str:
    return browser.get(url).content.decode()


def test_a_gold_pair_is_shown_with_both_texts_its_answer_and_its_note(alices: Client, gold: Pair) -> None:
    page = page_of(alices)

    for text in ("What is ice?", "Frozen water.", "Hot.", "careful", "silly", "Because it melts."):
        assert text in page
    assert '<option value="first" selected>' in page
    assert "1 gold pair</h2>" in page


def test_other_pairs_are_shown_only_when_they_are_searched(alices: Client, gold: Pair) -> None:
    found = page_of(alices, f"{URL}?q=Penguinland")

    assert "Penguinland" not in page_of(alices)
    assert found.count("Make it gold") == 5
    assert "No pair that is not gold" in page_of(alices, f"{URL}?q=melts+away")


def test_a_pair_is_found_by_its_prompt_its_id_and_the_files_id(alices: Client, project: Project) -> None:
    pair = project.pairs.order_by("id")[3]
    Pair.objects.filter(pk=pair.pk).update(external_id="row 17")

    for words in ("(3)", str(pair.public_id), "row 17"):
        page = page_of(alices, f"{URL}?q={words}")
        assert page.count("Make it gold") == 1, words
        assert str(pair.public_id) in page


def test_a_pair_of_another_project_is_neither_found_nor_made_gold(alices: Client, project: Project) -> None:
    others = make_pair(make_project("elsewhere"), 1, texts=("Elsewhere text.", "x"))

    assert "Make it gold" not in page_of(alices, f"{URL}?q=Elsewhere")
    assert alices.post(URL, sent(others, set="answer", outcome="first")).status_code == 404
    others.refresh_from_db()
    assert others.gold_outcome == ""


def test_an_answer_is_set_and_the_search_stays(alices: Client, project: Project, bob: User) -> None:
    pair = project.pairs.order_by("id")[0]

    answer = alices.post(f"{URL}?q=country", sent(pair, set="answer", outcome="tie", note="Even."), follow=True)

    pair.refresh_from_db()
    assert (pair.gold_outcome, pair.gold_note, pair.open) == (Outcome.TIE, "Even.", False)
    assert answer.redirect_chain == [(f"{URL}?q=country", 302)]
    assert "Saved: a tie" in answer.content.decode()
    assert AuditEvent.objects.filter(verb__contains="gold", actor__username="alice").exists()


def test_an_answer_is_changed_and_cleared(alices: Client, gold: Pair) -> None:
    alices.post(URL, sent(gold, set="answer", outcome="second", note=""))
    gold.refresh_from_db()
    changed = (gold.gold_outcome, gold.gold_note)

    pages = [alices.post(URL, sent(gold, clear="answer"), follow=True) for _ in range(2)]

    gold.refresh_from_db()
    assert changed == (Outcome.SECOND, "")
    assert (gold.gold_outcome, gold.open) == ("", True)
    assert all("ordinary one again" in page.content.decode() for page in pages)


def test_how_it_was_answered_is_counted_rightly_by_the_answer_as_it_is_now(
    alices: Client, gold: Pair, alice: User
) -> None:
    project = gold.project
    Project.objects.update(gold_share=1)
    project.refresh_from_db()
    for name, outcome in (("b1", Outcome.FIRST), ("b2", Outcome.FIRST), ("b3", Outcome.SECOND)):
        assert compare(project, make_member(project, name), outcome).assignment.pair == gold

    before = page_of(alices)
    set_gold(pair=gold, outcome=Outcome.SECOND, by=alice)

    assert "Answered 3 times, 2 rightly." in before
    assert "Answered 3 times, 1 rightly." in page_of(alices)


@pytest.mark.parametrize(
    "wrong", [{}, {"set": "answer"}, {"set": "answer", "outcome": "left"}, {"set": "answer", "outcome": "x" * 9}]
)
def test_what_no_page_sends_is_refused(alices: Client, gold: Pair, wrong: dict[str, str]) -> None:
    assert alices.post(URL, sent(gold) | wrong).status_code == 400
    gold.refresh_from_db()
    assert gold.gold_outcome == Outcome.FIRST


def test_an_outcome_that_the_project_does_not_offer_is_refused_with_a_message(alices: Client, gold: Pair) -> None:
    Project.objects.update(outcomes=Project.Outcomes.BINARY)

    answer = alices.post(URL, sent(gold, set="answer", outcome="tie"), follow=True)

    assert "Choose one of its outcomes" in answer.content.decode()
    assert 'value="tie"' not in answer.content.decode()


def test_more_practice_than_there_are_gold_pairs_is_pointed_out(alices: Client, gold: Pair) -> None:
    Project.objects.update(training_pairs=2)

    assert "Nobody can pass practice" in page_of(alices)


def test_annotators_and_researchers_set_nothing(bobs: Client, rosas: Client, gold: Pair) -> None:
    answers = [one.post(URL, sent(gold, clear="answer")) for one in (bobs, rosas, browser_of(make_outsider()))]

    assert [answer.status_code for answer in answers] == [403, 403, 404]
    gold.refresh_from_db()
    assert gold.gold_outcome == Outcome.FIRST


def make_outsider() -> User:
    return make_member(make_project("elsewhere"), "charlie")


def test_admins_come_here_from_a_verdict_to_make_its_pair_gold(
    alices: Client, rosas: Client, project: Project, bob: User
) -> None:
    judged = compare(project, bob)
    verdict, pair = f"/p/antarctica/disagreements/{judged.public_id}", judged.assignment.pair
    link = f"{URL}?q={pair.public_id}"

    offered = [link in page_of(browser, verdict) for browser in (alices, rosas)]
    found = page_of(alices, link)
    alices.post(link, sent(pair, set="answer", outcome="first"))

    assert offered == [True, False]
    assert found.count("Make it gold") == 1
    assert link not in page_of(alices, verdict)


def test_more_pairs_cost_no_more_queries(alices: Client, gold: Pair, alice: User) -> None:
    before = n_queries(alices, f"{URL}?q=ice")
    for number in range(10, 20):
        set_gold(pair=make_pair(gold.project, number, prompt="ice"), outcome=Outcome.FIRST, by=alice)
        make_pair(gold.project, 20 + number, prompt="ice")

    assert n_queries(alices, f"{URL}?q=ice") == before


def test_a_strange_id_finds_nothing(alices: Client, project: Project) -> None:
    assert "No pair that is not gold" in page_of(alices, f"{URL}?q={uuid4()}")
