"""The browser keeps an order as it keeps a verdict: offline, over a reload and a closed tab, and over other logins.

The outbox is the compare screen's own; what is shown here is that the ranking screen lives on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.site import Site
from tests.browser.test_compare_offline import REFUSED, UNREACHED, kept, wait_until_saved
from tests.browser.watching import screenshot, session_of, sign_in_by_name, wait_until_armed, watched

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module")
def mia(chromium: Browser, judging: Site) -> dict[str, Any]:
    return session_of(chromium, judging.address, "mia")


@pytest.fixture
def context(chromium: Browser, mia: dict[str, Any]) -> Iterator[BrowserContext]:
    with watched(chromium, **mia, allowed=UNREACHED + REFUSED) as opened:
        yield opened


@contextmanager
def unreachable(context: BrowserContext) -> Iterator[None]:
    """Cut every request that sends something, while pages still load."""

    def cut(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    context.route("**/rank", cut)
    yield
    context.unroute("**/rank", cut)


def open_ranking(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.address}/p/ordered/rank")
    wait_until_armed(page)
    return page


def shown(page: Page) -> str:
    return page.locator("#pair [name=ranking]").input_value()


def ahead_of(page: Page) -> str:
    """Return the ranking that the page was delivered with behind the one on screen."""
    return page.evaluate(
        "() => document.querySelector('template[data-part=sheet]').content.querySelector('[name=ranking]').value"
    )


def put_in_order(page: Page) -> str:
    """Order the responses as they are numbered and send it; return which ranking it was."""
    ranking = shown(page)
    for key in ("1", "2", "3", "4", "Control+Enter"):
        page.keyboard.press(key)
    return ranking


def orders(site: Site, ranking: str) -> tuple[int, int]:
    """Return how many orders and how many comparisons stand for a ranking."""
    query = """
        SELECT count(DISTINCT r.id), count(c.id) FROM annotate_ranking r LEFT JOIN annotate_comparison c
        ON c.ranking_id = r.id AND c.retracted_at IS NULL WHERE r.public_id = ? AND r.ranked_at IS NOT NULL
    """
    ((n_orders, n_comparisons),) = site.ask(query, ranking.replace("-", ""))
    return int(str(n_orders)), int(str(n_comparisons))


def wait_for_another(page: Page, ranking: str) -> None:
    expect(page.locator("#pair [name=ranking]")).not_to_have_value(ranking)
    wait_until_armed(page)


def test_an_order_given_without_a_connection_is_sent_when_it_is_back(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    context.set_offline(True)

    ranking = put_in_order(page)
    wait_for_another(page, ranking)
    ahead = put_in_order(page)

    expect(page.locator("#sheet h2")).to_have_text("The server cannot be reached")
    expect(page.locator("#saving")).to_have_text("Offline · 2 waiting")
    screenshot(page, "rank-offline-1280-light")
    assert (kept(page), orders(judging, ranking), orders(judging, ahead)) == (2, (0, 0), (0, 0))
    context.set_offline(False)
    wait_until_saved(page)
    wait_for_another(page, ahead)
    assert (kept(page), orders(judging, ranking), orders(judging, ahead)) == (0, (1, 6), (1, 6))


def test_an_order_outlives_a_reload_and_is_not_asked_for_again(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    with unreachable(context):
        ranking = put_in_order(page)
        expect(page.locator("#saving")).to_have_text("1 waiting")
        wait_for_another(page, ranking)
        ahead = shown(page)
        page.reload()
        wait_until_armed(page)
        assert (kept(page), shown(page)) == (1, ahead)

    wait_until_saved(page)

    assert shown(page) == ahead
    assert orders(judging, ranking) == (1, 6)


def test_an_order_outlives_its_tab_and_is_sent_from_any_page(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    with unreachable(context):
        ranking = put_in_order(page)
        page.close()

    elsewhere = context.new_page()
    elsewhere.goto(f"{judging.address}/account")
    elsewhere.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('tiebreak:press:'))")

    assert orders(judging, ranking) == (1, 6)


def test_an_order_waits_until_its_person_has_signed_in_again(
    chromium: Browser, mia: dict[str, Any], judging: Site
) -> None:
    with watched(chromium, **session_of(chromium, judging.address, "mia"), allowed=REFUSED) as context:
        page = open_ranking(context, judging)
        context.clear_cookies(name="sessionid")
        ranking = put_in_order(page)
        expect(page.locator("#saving")).to_have_text("Signed out · 1 waiting")
        screenshot(page, "rank-signed-out-1280-light")

        page.locator("#message a").click()
        sign_in_by_name(page, judging.address, "noa")
        page.goto(f"{judging.address}/p/ordered/rank")
        page.wait_for_timeout(500)
        others = (kept(page), orders(judging, ranking))
        context.clear_cookies(name="sessionid")
        sign_in_by_name(page, judging.address, "mia")
        page.goto(f"{judging.address}/p/ordered/rank")
        wait_until_saved(page)

    assert others == (1, (0, 0))
    assert orders(judging, ranking) == (1, 6)


@pytest.mark.parametrize("way", ["keys", "clicks"])
def test_a_double_press_is_one_order(context: BrowserContext, judging: Site, way: str) -> None:
    page = open_ranking(context, judging)
    ranking = shown(page)
    for key in "1234":
        page.keyboard.press(key)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)

    if way == "keys":
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+Enter")
    else:
        page.locator("#send").dblclick()
    wait_for_another(page, ranking)
    wait_until_saved(page)

    assert len([body for body in sent if "send=order" in body]) == 1
    assert orders(judging, ranking) == (1, 6)
    assert orders(judging, shown(page)) == (0, 0)


def test_an_order_whose_answer_never_arrived_is_stored_once(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)

    def lose_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    context.route("**/rank", lose_answer, times=1)
    ranking = put_in_order(page)
    wait_until_saved(page)

    wait_for_another(page, ranking)
    assert orders(judging, ranking) == (1, 6)


def test_a_second_tab_is_told_that_the_first_order_stands(context: BrowserContext, judging: Site) -> None:
    first, second = open_ranking(context, judging), open_ranking(context, judging)
    assert shown(first) == shown(second)

    ranking = put_in_order(first)
    wait_until_saved(first)
    put_in_order(second)

    expect(second.locator("#message")).to_contain_text("your first order stands")
    wait_for_another(second, ranking)
    assert kept(second) == 0
    assert orders(judging, ranking) == (1, 6)


def test_an_order_that_the_server_will_not_take_is_kept_and_shown(context: BrowserContext, judging: Site) -> None:
    page = open_ranking(context, judging)
    page.evaluate("() => { document.querySelector('#pair [name=ranking]').value = crypto.randomUUID(); }")

    put_in_order(page)

    expect(page.locator("#saving")).to_have_text("Not saved")
    expect(page.locator("#message")).to_contain_text("1 of your presses could not be saved")
    screenshot(page, "rank-refused-1280-light")
    assert kept(page) == 1
    page.get_by_role("button", name="Throw away").click()
    expect(page.locator("#saving")).to_have_text("Saved")
    assert kept(page) == 0


def test_a_page_that_is_left_lets_go_of_its_lineups_and_a_reloaded_one_keeps_them(
    context: BrowserContext, judging: Site
) -> None:
    seconds_left = """
        SELECT {}((julianday(a.lease_ends_at) - julianday('now')) * 86400), count(*) FROM annotate_assignment a
        JOIN annotate_ranking r ON r.id = a.ranking_id WHERE r.public_id IN (?, ?)
    """
    page = open_ranking(context, judging)
    own = shown(page)
    both = [ranking.replace("-", "") for ranking in (own, ahead_of(page))]

    page.reload()
    wait_until_armed(page)
    with page.expect_response(lambda answer: "renew" in (answer.request.post_data or "")):
        same = shown(page)
    ((kept_for, n_pairs),) = judging.ask(seconds_left.format("min"), *both)
    page.goto(f"{judging.address}/account")
    page.wait_for_timeout(300)
    ((left_for, _),) = judging.ask(seconds_left.format("max"), *both)

    assert (same, n_pairs) == (own, 12)
    assert float(str(kept_for)) > 60
    assert float(str(left_for)) <= 15
