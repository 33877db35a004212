"""The next lineup is on the screen before the server has heard of the order, and nothing is lost by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.site import Site
from tests.browser.test_compare_offline import kept, wait_until_saved
from tests.browser.test_rank_offline import ahead_of, open_ranking, orders, put_in_order, shown, wait_for_another
from tests.browser.watching import session_of, wait_until_armed, watched

pytestmark = [pytest.mark.browser, pytest.mark.processes]


SEND_AND_LOOK = """() => {
  document.getElementById("send").click();
  return document.querySelector("#pair [name=ranking]").value;
}"""


@pytest.fixture(scope="module")
def lou(chromium: Browser, judging: Site) -> dict[str, Any]:
    return session_of(chromium, judging.address, "lou")


@pytest.fixture
def context(chromium: Browser, lou: dict[str, Any]) -> Iterator[BrowserContext]:
    with watched(chromium, **lou) as opened:
        yield opened


@contextmanager
def no_answer(context: BrowserContext) -> Iterator[list[Route]]:
    """Hold what the page sends until the block ends; yield it."""
    held: list[Route] = []
    holding = True

    def hold(route: Route) -> None:
        held.append(route) if holding and route.request.method == "POST" else route.continue_()

    context.route("**/rank", hold)
    yield held
    holding = False
    for route in held:
        route.continue_()


def test_the_next_lineup_is_there_when_the_press_of_the_order_ends(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    ranking, ahead = shown(page), ahead_of(page)
    for key in "1234":
        page.keyboard.press(key)

    with no_answer(context) as held:
        seen = page.evaluate(SEND_AND_LOOK)
        wait_for_another(page, ranking)
        page.wait_for_function("() => document.getElementById('saving').textContent === 'Saving'")
        assert (seen, orders(judging, ranking), kept(page)) == (ahead, (0, 0), 1)
        expect(page.locator("#send")).to_be_disabled()  # nothing of the new lineup has a place yet
        assert ranks(page) == [""] * 4

    wait_until_saved(page)
    assert len(held) >= 1
    assert (shown(page), kept(page), orders(judging, ranking)) == (ahead, 0, (1, 6))


def ranks(page: Page) -> list[str]:
    return [field.input_value() for field in page.locator("#order input").all()]


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_what_is_said_of_an_order_hides_no_button_of_the_next(
    context: BrowserContext, judging: Site, width: int
) -> None:
    page = open_ranking(context, judging)
    page.set_viewport_size({"width": width, "height": 844})

    with no_answer(context):
        wait_for_another(page, put_in_order(page))
        said, bar = page.locator("#message .note").bounding_box(), page.locator(".bar").bounding_box()

    assert said is not None
    assert bar is not None
    assert said["y"] + said["height"] <= bar["y"]
    wait_until_saved(page)


def test_orders_given_before_any_answer_are_all_stored(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)

    with no_answer(context):
        first = put_in_order(page)
        wait_for_another(page, first)
        second = put_in_order(page)
        expect(page.locator("#sheet h2")).to_have_text("The next one is on its way")

    wait_for_another(page, second)
    wait_until_saved(page)
    assert (orders(judging, first), orders(judging, second)) == ((1, 6), (1, 6))
    assert shown(page) not in (first, second)


def test_a_skip_shows_the_next_lineup_before_it_is_answered(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    skipped, ahead = shown(page), ahead_of(page)

    with no_answer(context):
        page.keyboard.press("s")
        page.keyboard.press("1")
        wait_for_another(page, skipped)
        assert shown(page) == ahead

    wait_until_saved(page)
    assert (shown(page), orders(judging, skipped)) == (ahead, (0, 0))


def test_undo_takes_back_the_newest_order_also_before_any_is_answered(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)

    with no_answer(context):
        first = put_in_order(page)
        wait_for_another(page, first)
        texts = page.locator("#sheet .prompt").inner_text()
        second = put_in_order(page)
        expect(page.locator("#sheet h2")).to_have_text("The next one is on its way")
        wait_until_armed(page)
        page.keyboard.press("u")

    expect(page.locator("#message")).to_contain_text("Rank them again")
    wait_until_saved(page)
    assert page.locator("#sheet .prompt").inner_text() == texts
    assert (orders(judging, first), orders(judging, second)) == ((1, 6), (1, 0))


def test_an_undone_lineup_comes_before_the_one_on_screen_whose_places_are_kept(
    context: BrowserContext, judging: Site
) -> None:
    page = open_ranking(context, judging)
    first = put_in_order(page)
    wait_for_another(page, first)
    wait_until_saved(page)
    ahead = shown(page)
    page.keyboard.press("3")

    page.keyboard.press("u")
    expect(page.locator("#message")).to_contain_text("Rank them again")
    wait_for_another(page, ahead)
    again = put_in_order(page)

    wait_for_another(page, again)
    assert (shown(page), ranks(page)) == (ahead, ["1", "", "", ""])
    wait_until_saved(page)
    assert (orders(judging, first), orders(judging, again)) == ((1, 0), (1, 6))
