"""The browser keeps the vote: no connection, a reload, a closed tab, an ended session, another login, and two tabs.

One person judges 50 pairs through the five broken moments; afterwards there are 50 verdicts, and all are hers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.site import Site
from tests.browser.watching import (
    judge,
    open_compare,
    screenshot,
    session_of,
    shown_assignment,
    sign_in_by_name,
    wait_until_armed,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

UNREACHED = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
REFUSED = ("status of 401", "status of 403", "status of 409", "status of 404")


@contextmanager
def unreachable(context: BrowserContext) -> Iterator[None]:
    """Cut every request that sends something, while pages still load: a connection that breaks half way."""

    def cut(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    context.route("**/compare", cut)
    yield
    context.unroute("**/compare", cut)


def press(page: Page, keys: str) -> None:
    """Press keys one after another, each on a painted pair of its own."""
    for key in keys:
        judged = shown_assignment(page)
        page.keyboard.press(key)
        page.wait_for_function("id => document.querySelector('#pair [name=assignment]')?.value !== id", arg=judged)
        if page.locator("#pair [name=assignment]").count():
            wait_until_armed(page)


def wait_until_saved(page: Page) -> None:
    expect(page.locator("#saving")).to_have_text("Saved", timeout=30_000)


def kept(page: Page) -> int:
    """Return how many presses the browser keeps, whoever they belong to."""
    return page.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('tiebreak:press:')).length")


def open_anew(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    open_compare(page, site.address, "offline")
    return page


def no_connection(page: Page, context: BrowserContext, site: Site) -> Page:
    """Judge all that the page has without a connection; with it, everything is sent."""
    context.set_offline(True)
    press(page, "120")
    expect(page.locator("#sheet h2")).to_have_text("The server cannot be reached")
    expect(page.locator("#saving")).to_have_text("Offline · 3 waiting")
    screenshot(page, "compare-offline-1280-light")
    context.set_offline(False)
    wait_until_saved(page)
    wait_until_armed(page)
    return page


def reload(page: Page, context: BrowserContext, site: Site) -> Page:
    with unreachable(context):
        press(page, "12")
        judged = kept(page)
        page.reload()
        wait_until_armed(page)
        assert (judged, kept(page)) == (2, 2)
    wait_until_saved(page)
    return page


def closed_tab(page: Page, context: BrowserContext, site: Site) -> Page:
    with unreachable(context):
        press(page, "9")
        page.close()
    page = open_anew(context, site)
    wait_until_saved(page)
    return page


def ended_session(page: Page, context: BrowserContext, site: Site) -> Page:
    context.clear_cookies(name="sessionid")
    press(page, "2")
    expect(page.locator("#saving")).to_have_text("Signed out · 1 waiting")
    screenshot(page, "compare-signed-out-1280-light")
    page.locator("#message a").click()
    sign_in_by_name(page, site.address, "mia")
    wait_until_armed(page)
    wait_until_saved(page)
    return page


def other_login(page: Page, context: BrowserContext, site: Site) -> Page:
    with unreachable(context):
        press(page, "1")
        page.goto(f"{site.address}/p/offline/history")
        context.clear_cookies(name="sessionid")
        sign_in_by_name(page, site.address, "noa")
    open_compare(page, site.address, "offline")
    page.wait_for_timeout(500)
    assert kept(page) == 1
    context.clear_cookies(name="sessionid")
    sign_in_by_name(page, site.address, "mia")
    open_compare(page, site.address, "offline")
    page.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('tiebreak:press:'))")
    return page


Moment = Callable[[Page, BrowserContext, Site], Page]
MOMENTS: dict[int, Moment] = {8: no_connection, 16: reload, 24: closed_tab, 32: ended_session, 40: other_login}


def test_fifty_verdicts_survive_the_five_broken_moments(chromium: Browser, judging: Site) -> None:
    mia = session_of(chromium, judging.address, "mia")
    with watched(chromium, **mia, allowed=UNREACHED + REFUSED) as context:
        page = open_anew(context, judging)
        n_given = 0
        while n_given < 50:
            if n_given in MOMENTS:
                before = judging.n_verdicts("mia", "offline")
                page = MOMENTS[n_given](page, context, judging)
                n_given += judging.n_verdicts("mia", "offline") - before
            press(page, "1")
            n_given += 1
            wait_until_saved(page)
        left = kept(page)

    assert left == 0
    assert judging.n_verdicts("mia", "offline") == 50
    assert judging.n_verdicts("noa", "offline") == 0


def test_without_the_outbox_a_closed_tab_loses_a_verdict(chromium: Browser, judging: Site) -> None:
    """Show that the test above could see a loss."""
    lou = session_of(chromium, judging.address, "lou")
    with watched(chromium, **lou, allowed=UNREACHED) as context:
        context.add_init_script("Storage.prototype.setItem = () => { throw new Error('no room'); }")
        page = open_anew(context, judging)
        before = judging.n_verdicts("lou", "offline")
        with unreachable(context):
            press(page, "1")
            expect(page.locator("#saving")).to_have_text("1 waiting")
            page.close()
        page = open_anew(context, judging)
        page.wait_for_timeout(500)

    assert judging.n_verdicts("lou", "offline") == before


@pytest.fixture(scope="module")
def lou(chromium: Browser, judging: Site) -> dict[str, Any]:
    return session_of(chromium, judging.address, "lou")


def test_a_second_tab_is_told_what_the_first_one_said(chromium: Browser, lou: dict[str, Any], judging: Site) -> None:
    with watched(chromium, **lou, allowed=REFUSED) as context:
        first, second = open_anew(context, judging), open_anew(context, judging)
        same = shown_assignment(first)
        assert shown_assignment(second) == same
        before = judging.n_verdicts("lou", "offline")

        judge(first, "1")
        second.keyboard.press("2")

        expect(second.locator("#message")).to_contain_text("your first verdict stands")
        expect(second.locator("#message")).to_contain_text("It says: A is better.")
        screenshot(second, "compare-second-tab-1280-light")
        assert kept(second) == 0
        assert judging.n_verdicts("lou", "offline") == before + 1


def test_a_slow_answer_stops_nobody_and_nothing_is_called_saved_before_it(
    chromium: Browser, lou: dict[str, Any], judging: Site
) -> None:
    with watched(chromium, **lou) as context:
        page = open_anew(context, judging)
        held: list[Route] = []
        context.route("**/compare", lambda route: held.append(route), times=1)

        press(page, "12")
        waiting, sent = page.locator("#saving").inner_text(), len(held)
        held[0].continue_()

        assert (waiting, sent) == ("Saving", 1)
        wait_until_saved(page)
        assert kept(page) == 0


def test_after_signing_in_again_in_another_tab_a_fresh_token_is_fetched(chromium: Browser, judging: Site) -> None:
    with watched(chromium, **session_of(chromium, judging.address, "lou"), allowed=REFUSED) as context:
        page = open_anew(context, judging)
        before = judging.n_verdicts("lou", "offline")
        elsewhere = context.new_page()
        elsewhere.goto(judging.address)
        elsewhere.get_by_role("button", name="Sign out").click()
        sign_in_by_name(elsewhere, judging.address, "lou")
        answers: list[int] = []
        page.on(
            "response", lambda response: answers.append(response.status) if response.request.method == "POST" else 0
        )

        press(page, "2")
        wait_until_saved(page)

        assert answers == [403, 200]
        assert judging.n_verdicts("lou", "offline") == before + 1


def test_what_the_server_will_not_take_is_kept_until_the_person_throws_it_away(
    chromium: Browser, lou: dict[str, Any], judging: Site
) -> None:
    with watched(chromium, **lou, allowed=REFUSED) as context:
        page = open_anew(context, judging)
        page.evaluate("() => { document.querySelector('#pair [name=assignment]').value = crypto.randomUUID(); }")

        page.keyboard.press("1")

        expect(page.locator("#saving")).to_have_text("Not saved")
        expect(page.locator("#message")).to_contain_text("1 of your presses could not be saved")
        screenshot(page, "compare-refused-1280-light")
        assert kept(page) == 1
        page.get_by_role("button", name="Throw away").click()
        expect(page.locator("#saving")).to_have_text("Saved")
        assert kept(page) == 0


def test_a_page_that_is_left_lets_go_of_its_pairs_and_a_reloaded_one_keeps_them(
    chromium: Browser, lou: dict[str, Any], judging: Site
) -> None:
    seconds_left = (
        "SELECT (julianday(lease_ends_at) - julianday('now')) * 86400 FROM annotate_assignment WHERE public_id = ?"
    )
    with watched(chromium, **lou) as context:
        page = open_anew(context, judging)
        own = shown_assignment(page)

        page.reload()
        wait_until_armed(page)
        with page.expect_response(lambda answer: "renew" in (answer.request.post_data or "")):
            same = shown_assignment(page)
        ((kept_for,),) = judging.ask(seconds_left, own.replace("-", ""))
        page.goto(f"{judging.address}/account")
        page.wait_for_timeout(300)
        ((left_for,),) = judging.ask(seconds_left, own.replace("-", ""))

    assert same == own
    assert float(str(kept_for)) > 60
    assert float(str(left_for)) <= 15
