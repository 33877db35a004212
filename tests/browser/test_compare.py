"""The compare screen at the keyboard: what a key does, when it does nothing, and what survives a bad moment."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.application import Application
from tests.browser.watching import (
    NARROW,
    judge,
    open_compare,
    screenshot,
    shown_assignment,
    sign_in,
    wait_until_armed,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
REFUSED = ("status of 401", "Response Status Error Code 401")


@pytest.fixture(scope="module")
def cookies(chromium: Browser, make_person: Callable[[str, str], str]) -> dict[str, object]:
    """Sign an annotator in once for all tests of this module."""
    with watched(chromium) as context:
        sign_in(context.new_page(), make_person("kay", "annotator"))
        return {"storage_state": context.storage_state()}


@pytest.fixture
def context(chromium: Browser, cookies: dict[str, object]) -> Iterator[BrowserContext]:
    with watched(chromium, **cookies) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext, running_app: Application) -> Page:
    opened = context.new_page()
    open_compare(opened, running_app.address)
    return opened


def said(page: Page) -> str:
    return page.locator("#message").inner_text()


def stays(page: Page, assignment: str) -> bool:
    """Say whether the pair is still the same after the time in which a verdict would have been answered."""
    page.wait_for_timeout(700)
    return shown_assignment(page) == assignment


@pytest.mark.parametrize(
    ("key", "saved"),
    [
        ("1", "A is better"),
        ("ArrowLeft", "A is better"),
        ("2", "B is better"),
        ("ArrowRight", "B is better"),
        ("0", "a tie"),
        ("t", "a tie"),
        ("9", "both are bad"),
        ("x", "both are bad"),
    ],
)
def test_each_key_gives_its_verdict(page: Page, key: str, saved: str) -> None:
    judge(page, key)

    assert f"Saved: {saved}" in said(page)


def test_u_shows_the_judged_pair_again(page: Page) -> None:
    judged = shown_assignment(page)
    judge(page, "1")

    page.keyboard.press("u")

    expect(page.locator("#pair [name=assignment]")).to_have_value(judged)
    assert "Undone" in said(page)


def test_the_toasts_button_undoes_too(page: Page) -> None:
    judged = shown_assignment(page)
    judge(page, "1")

    page.locator("#message").get_by_role("button", name="Undo").click()

    expect(page.locator("#pair [name=assignment]")).to_have_value(judged)


def test_s_asks_why_and_escape_goes_back(page: Page) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press("s")
    expect(page.get_by_role("dialog")).to_be_visible()
    screenshot(page, "compare-skip-1280-light")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    assert stays(page, assignment)


def test_a_number_in_the_dialog_is_a_reason_and_no_verdict(page: Page) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press("s")
    page.keyboard.press("2")

    expect(page.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    assert "Given back without a verdict" in said(page)


@pytest.mark.parametrize("key", ["Control+1", "Alt+2", "Meta+0", "Shift+U", "3", "a", "Enter"])
def test_other_keys_and_held_modifiers_do_nothing(page: Page, key: str) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press(key)

    assert stays(page, assignment)


def test_keys_are_dead_while_typing(page: Page) -> None:
    assignment = shown_assignment(page)
    page.evaluate("() => document.querySelector('main').append(document.createElement('textarea'))")
    page.locator("textarea").focus()

    page.keyboard.type("1290")

    assert stays(page, assignment)


def test_keys_are_dead_until_the_pair_is_painted(page: Page) -> None:
    judge(page, "1")
    assignment = shown_assignment(page)

    page.evaluate(
        """() => {
          const real = window.requestAnimationFrame;
          window.requestAnimationFrame = (paint) => setTimeout(() => real(paint), 400);
        }"""
    )
    page.keyboard.press("2")
    expect(page.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    unseen = shown_assignment(page)
    page.keyboard.press("2")

    assert page.locator("#pair[data-armed]").count() == 0
    assert shown_assignment(page) == unseen
    wait_until_armed(page)
    assert shown_assignment(page) == unseen


def test_a_held_key_and_a_double_click_judge_one_pair(page: Page) -> None:
    first = shown_assignment(page)
    page.keyboard.down("1")
    page.keyboard.down("1")
    page.keyboard.down("1")
    page.keyboard.up("1")
    expect(page.locator("#pair [name=assignment]")).not_to_have_value(first)
    wait_until_armed(page)
    second = shown_assignment(page)
    assert stays(page, second)

    page.get_by_role("button", name="Tie").dblclick()

    expect(page.locator("#pair [name=assignment]")).not_to_have_value(second)
    wait_until_armed(page)
    assert stays(page, shown_assignment(page))


def test_nothing_but_the_texts_moves_from_pair_to_pair(page: Page) -> None:
    places = []
    for key in "120":
        judge(page, key)
        places.append([page.locator(f"#{name}").bounding_box() for name in ("choose-left", "choose-right", "undo")])

    assert places[0] == places[1] == places[2]


def test_focus_stays_on_the_pressed_button(page: Page) -> None:
    page.locator("#choose-right").focus()

    judge(page, "Enter")

    expect(page.locator("#choose-right")).to_be_focused()


def test_a_verdict_given_offline_waits_and_is_saved_once(
    chromium: Browser, cookies: dict[str, object], running_app: Application
) -> None:
    with watched(chromium, **cookies, allowed=OFFLINE) as context:
        page = context.new_page()
        open_compare(page, running_app.address)
        assignment = shown_assignment(page)
        done_before = int(page.locator(".progress b").first.inner_text())
        context.set_offline(True)
        page.keyboard.press("1")
        expect(page.locator("#saving")).to_have_text("Offline · 1 waiting")
        screenshot(page, "compare-offline-1280-light")
        page.keyboard.press("2")
        assert shown_assignment(page) == assignment

        context.set_offline(False)

        expect(page.locator("#saving")).to_have_text("Saved", timeout=20_000)
        assert "Saved: A is better" in said(page)
        assert int(page.locator(".progress b").first.inner_text()) == done_before + 1


def test_after_the_session_ended_nothing_is_lost_silently(
    chromium: Browser, running_app: Application, make_person: Callable[[str, str], str]
) -> None:
    with watched(chromium, allowed=REFUSED) as context:
        page = context.new_page()
        sign_in(page, make_person("lou", "annotator"))
        open_compare(page, running_app.address)
        assignment = shown_assignment(page)
        context.clear_cookies(name="sessionid")

        page.keyboard.press("1")

        expect(page.locator("#saving")).to_have_text("Not saved")
        assert "You have been signed out" in said(page)
        assert page.locator("#message a").get_attribute("href") == "/login?next=/p/demo/compare"
        assert shown_assignment(page) == assignment
        screenshot(page, "compare-signed-out-1280-light")


def test_without_a_script_it_is_a_plain_form(
    chromium: Browser, cookies: dict[str, object], running_app: Application
) -> None:
    with watched(chromium, **cookies, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{running_app.address}/p/demo/compare")
        assignment = shown_assignment(page)

        page.get_by_role("button", name="A is better").click()
        judged_next = shown_assignment(page)
        saved = said(page)
        page.locator("#undo").click()

        assert judged_next != assignment
        assert "Saved: A is better." in saved
        assert shown_assignment(page) == assignment


def test_on_a_phone_every_button_can_be_reached(
    chromium: Browser, cookies: dict[str, object], running_app: Application
) -> None:
    with watched(chromium, **cookies, viewport=NARROW | {"width": 360}, has_touch=True) as context:
        page = context.new_page()
        open_compare(page, running_app.address)

        boxes = [button.bounding_box() for button in page.locator(".bar button").all()]
        screenshot(page, "compare-360-light")

    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["height"] >= 44 for box in boxes)
    assert len(boxes) == 6
