"""Strength, criteria and rankings at the keyboard alone, and rankings where no script runs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.site import Site
from tests.browser.watching import NARROW, open_compare, screenshot, session_of, wait_until_armed, watched

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module")
def noa(chromium: Browser, judging: Site) -> dict[str, Any]:
    return session_of(chromium, judging.address, "noa")


@pytest.fixture
def context(chromium: Browser, noa: dict[str, Any]) -> Iterator[BrowserContext]:
    with watched(chromium, **noa) as opened:
        yield opened


def newest_verdict(judging: Site) -> tuple[object, ...]:
    """Return outcome, strength, criteria and side of the newest comparison."""
    query = """
        SELECT c.outcome, c.strength, c.criteria, a.first_on_left FROM annotate_comparison c
        JOIN annotate_assignment a ON a.id = c.assignment_id ORDER BY c.id DESC LIMIT 1
    """
    return judging.ask(query)[0]


@pytest.mark.parametrize(("key", "strength"), [("1", 3), ("3", 1), ("4", 0), ("6", -2)])
def test_criteria_come_first_and_digits_choose_the_strength(
    context: BrowserContext, judging: Site, key: str, strength: int
) -> None:
    page = context.new_page()
    open_compare(page, judging.address, "graded")
    judged = page.locator("#pair [name=assignment]").input_value()

    page.keyboard.press("1")
    page.keyboard.press("0")
    assert page.locator("#pair [name=assignment]").input_value() == judged
    page.keyboard.press(key)

    expect(page.locator("#saving")).to_have_text("Saved")
    _, stored, criteria, on_left = newest_verdict(judging)
    assert stored == (strength if on_left else -strength)
    assert json.loads(str(criteria)) == {"helpful": "first" if on_left else "second", "factual": "tie"}
    expect(page.locator("[name='criterion:helpful']:checked")).to_have_count(0)


def test_what_is_on_the_page_is_judged_as_it_was_lent_after_the_project_asks_something_else(
    context: BrowserContext, judging: Site
) -> None:
    page = context.new_page()
    open_compare(page, judging.address, "changing")
    n_here = 1 + page.locator("template[data-part=sheet]").count()
    ask_for_strengths(judging, "changing")

    for _ in range(n_here):
        wait_until_armed(page)
        page.keyboard.press("0")

    expect(page.locator("#outcomes [value='left 3']")).to_be_enabled()
    assert judging.n_verdicts("noa", "changing") == n_here
    expect(page.locator("[data-refused]")).to_have_count(0)


def ask_for_strengths(judging: Site, slug: str) -> None:
    """Change what a project asks, as its admin would."""
    judging.change(
        "INSERT INTO annotate_askedbefore (project_id, outcomes, criteria, until) "
        "SELECT id, outcomes, criteria, strftime('%Y-%m-%d %H:%M:%f', 'now') FROM annotate_project WHERE slug = ?",
        slug,
    )
    judging.change("UPDATE annotate_project SET outcomes = 'strength5' WHERE slug = ?", slug)


def test_a_strength_before_the_criteria_is_not_sent(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    open_compare(page, judging.address, "graded")
    judged = page.locator("#pair [name=assignment]").input_value()

    page.get_by_role("button", name="A much").click()

    assert page.locator("#pair [name=assignment]").input_value() == judged


def open_ranking(page: Page, judging: Site) -> str:
    page.goto(f"{judging.address}/p/ranked/compare")
    wait_until_armed(page)
    return page.locator("[name=ranking]").input_value()


def order_of(page: Page) -> list[tuple[str, str]]:
    """Return the cards' numbers and ranks from above."""
    cards = page.locator("#order > li").all()
    return [(str(card.get_attribute("data-number")), card.locator("input").input_value()) for card in cards]


def stored_tiers(judging: Site, ranking: str) -> list[list[int]]:
    """Return the newest order as numbers of responses in the order shown."""
    ((lineup, tiers),) = judging.ask(
        "SELECT lineup, tiers FROM annotate_ranking WHERE public_id = ?", ranking.replace("-", "")
    )
    places = {response: number for number, response in enumerate(json.loads(str(lineup)), 1)}
    return [sorted(places[response] for response in tier) for tier in json.loads(str(tiers))]


def test_numbers_from_best_to_worst_make_an_order_with_ties(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    ranking = open_ranking(page, judging)
    expect(page.locator("#send")).to_be_disabled()

    for key in ("3", "1", "=", "4"):
        page.keyboard.press(key)
    assert order_of(page) == [("3", "1"), ("1", "2"), ("4", "2"), ("2", "3")]
    page.keyboard.press("Control+Enter")

    expect(page.locator("#message")).to_contain_text("Saved.")
    assert stored_tiers(judging, ranking) == [[3], [1, 4], [2]]


def test_arrow_keys_move_the_card_in_focus(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    open_ranking(page, judging)

    page.locator("#order > li").nth(2).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")

    assert [number for number, _ in order_of(page)] == ["1", "3", "2", "4"]
    expect(page.locator("#told")).to_have_text("Response 3: place 2 of 4.")
    expect(page.locator("#send")).to_be_enabled()


def test_a_reload_keeps_the_order_and_starting_over_forgets_it(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    open_ranking(page, judging)
    page.keyboard.press("4")
    page.keyboard.press("2")

    page.reload()
    wait_until_armed(page)
    assert order_of(page)[:2] == [("4", "1"), ("2", "2")]
    page.keyboard.press("Backspace")

    assert order_of(page) == [("1", ""), ("2", ""), ("3", ""), ("4", "")]


def test_a_card_can_be_dragged(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    open_ranking(page, judging)

    page.locator("#order > li").nth(3).locator(".handle").drag_to(
        page.locator("#order > li").nth(0), target_position={"x": 100, "y": 5}
    )

    assert [number for number, _ in order_of(page)] == ["4", "1", "2", "3"]


def test_undo_brings_the_lineup_back(context: BrowserContext, judging: Site) -> None:
    page = context.new_page()
    ranking = open_ranking(page, judging)
    texts = page.locator("#order .text").all_inner_texts()
    for key in ("1", "2", "3", "4", "Control+Enter"):
        page.keyboard.press(key)
    expect(page.locator("[name=ranking]")).not_to_have_value(ranking)
    wait_until_armed(page)

    page.keyboard.press("u")

    expect(page.locator("#message")).to_contain_text("Rank them again")
    assert page.locator("#order .text").all_inner_texts() == texts


def test_without_a_script_ranks_are_written_into_fields(chromium: Browser, judging: Site, noa: dict[str, Any]) -> None:
    with watched(chromium, java_script_enabled=False, **noa) as context:
        page = context.new_page()
        page.goto(f"{judging.address}/p/ranked/rank")
        ranking = page.locator("[name=ranking]").input_value()
        for number, rank in enumerate((2, 1, 1, 3), 1):
            page.locator(f"[name='rank:{number}']").fill(str(rank))
        page.locator("#send").click()
        expect(page.locator("#message")).to_contain_text("Saved.")

    assert stored_tiers(judging, ranking) == [[2, 3], [1], [4]]


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_it_looks(chromium: Browser, judging: Site, noa: dict[str, Any], width: str, scheme: str) -> None:
    options = noa | ({"viewport": NARROW} if width == "narrow" else {}) | {"color_scheme": scheme}
    with watched(chromium, **options) as context:
        page = context.new_page()
        open_compare(page, judging.address, "graded")
        page.keyboard.press("1")
        screenshot(page, f"outcome-graded-{width}-{scheme}")
        open_ranking(page, judging)
        page.keyboard.press("3")
        page.keyboard.press("1")
        screenshot(page, f"outcome-ranked-{width}-{scheme}")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert overflow == 0
