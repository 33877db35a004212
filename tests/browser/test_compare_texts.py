"""How texts are looked at: folded, compared word by word, scrolled together, with what is invisible, on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.site import Site
from tests.browser.watching import (
    NARROW,
    open_compare,
    screenshot,
    session_of,
    shown_assignment,
    stays,
    wait_until_armed,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PHONE = {"viewport": NARROW | {"width": 360}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(chromium: Browser, kay: dict[str, Any], judging: Site) -> Iterator[Page]:
    with watched(chromium, **kay, **PHONE) as opened:
        page = opened.new_page()
        open_compare(page, judging.address, "talk")
        yield page


def opened(context: BrowserContext, site: Site, project: str) -> Page:
    page = context.new_page()
    open_compare(page, site.address, project)
    expect(page.locator("#pair:not([data-beginnings])")).to_be_visible()
    return page


def scrolled(page: Page) -> list[int]:
    return page.locator(".responses .pane").evaluate_all("panes => panes.map((pane) => Math.round(pane.scrollTop))")


def test_d_marks_the_words_that_one_response_alone_has(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "plain")

    page.keyboard.press("d")

    in_a, in_b = (0, 5) if first_is_short(page) else (5, 0)
    expect(page.locator("#differences")).to_have_text(f"{in_a} words only in A, {in_b} only in B.")
    marked = page.evaluate("() => [...CSS.highlights.get('only-here')].map(String).length")
    screenshot(page, "compare-differences-1280-light")
    page.keyboard.press("d")
    expect(page.locator("#differences")).to_be_empty()
    assert marked == 5


def first_is_short(page: Page) -> bool:
    return len(page.locator("#response-A .text").inner_text()) < 30


def test_differences_of_64_kilobytes_are_shown_too(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "long")

    page.keyboard.press("d")

    expect(page.locator("#differences")).to_contain_text("words only in A", timeout=10_000)


def test_texts_that_differ_everywhere_are_given_up_calmly_while_the_page_goes_on(
    context: BrowserContext, judging: Site
) -> None:
    page = opened(context, judging, "unlike")

    page.keyboard.press("d")
    expect(page.locator("#differences")).to_have_text("Comparing word by word …")
    page.keyboard.press("w")
    expanded_meanwhile = page.evaluate("""() =>
        document.getElementById("differences").textContent.startsWith("Comparing") &&
        "expanded" in document.getElementById("pair").dataset""")

    assert expanded_meanwhile
    expect(page.locator("#differences")).to_contain_text("too long and too different", timeout=20_000)


def test_the_rest_of_a_long_response_follows_its_beginning(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "long")
    page.evaluate("""() => {
        const form = document.getElementById("pair");
        const look = () => getComputedStyle(form.querySelector("#response-A .text li:last-child")).display;
        form.addEventListener("tiebreak:shown", () => { window.atFirst = look(); });
    }""")

    page.keyboard.press("1")
    wait_until_armed(page)

    expect(page.locator("#response-A .text li:last-child")).to_have_css("display", "list-item")
    assert page.evaluate("window.atFirst") == "none"


def test_y_scrolls_both_responses_together_and_again_alone(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "long")
    first = page.locator("#response-A .pane")

    first.evaluate("pane => { pane.scrollTop = 400; }")
    page.wait_for_timeout(100)
    alone = scrolled(page)
    page.keyboard.press("y")
    first.evaluate("pane => { pane.scrollTop = 3000; }")
    page.wait_for_timeout(100)
    together = scrolled(page)

    assert alone == [400, 0]
    assert together[1] > 2000


def test_w_shows_both_responses_whole_and_folds_them_again(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "long")
    heights = "() => document.documentElement.scrollHeight"

    folded = page.evaluate(heights)
    page.keyboard.press("w")
    whole = page.evaluate(heights)
    page.keyboard.press("w")

    assert folded <= 800
    assert whole > 5000
    assert page.evaluate(heights) <= 800


def test_a_long_conversation_opens_at_its_latest_turn_and_unfolds(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "talk")
    latest = page.get_by_text("And in words, please?")
    expect(latest).to_be_in_viewport()
    screenshot(page, "compare-talk-1280-light")

    page.locator(".prompt .unfold").click()

    expect(page.locator(".prompt .unfold")).to_have_text("Show less")
    assert page.locator(".turns").evaluate("turns => turns.scrollHeight <= turns.clientHeight + 1")


def test_invisible_characters_are_counted_and_shown_where_they_stand(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "bidi")
    badge = page.get_by_role("button", name="3 invisible characters")
    before = page.locator("#sheet .text").all_inner_texts()

    badge.click()
    expect(page.locator(".code-point")).to_have_text(["U+202E", "U+202C", "U+200B"])
    marked = page.locator("#sheet .text p").filter(has_text="Safe").text_content()
    screenshot(page, "compare-invisible-1280-light")
    badge.click()

    expect(page.locator(".code-point")).to_have_count(0)
    assert marked == "Safe: U+202EevilU+202C and a zeroU+200Bwidth space."
    assert page.locator("#sheet .text").all_inner_texts() == before


def test_text_from_right_to_left_stays_in_its_pane(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "bidi")

    directions = page.locator(".responses .text p").evaluate_all(
        "all => all.map((text) => getComputedStyle(text).direction)"
    )

    assert sorted(directions) == ["ltr", "rtl"]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_formulas_code_and_tables_are_drawn(context: BrowserContext, judging: Site) -> None:
    page = opened(context, judging, "marked")
    screenshot(page, "compare-marked-1280-light")

    assert page.locator("#sheet math").count() == 2
    assert page.locator("#sheet pre.code .k").count() >= 2
    assert page.locator("#sheet table td").count() == 4


def test_the_waiting_states_are_told_apart(chromium: Browser, judging: Site) -> None:
    with (
        watched(chromium, **session_of(chromium, judging.address, "lou")) as first,
        watched(chromium, **session_of(chromium, judging.address, "noa")) as second,
    ):
        holder = opened(first, judging, "few")
        looker = second.new_page()
        looker.goto(f"{judging.address}/p/few/compare")
        expect(looker.locator("#sheet h2")).to_have_text("Other people have the last pairs")
        screenshot(looker, "compare-lent-1280-light")
        for key in "12":
            holder.keyboard.press(key)
            holder.wait_for_timeout(100)
        expect(holder.locator("#sheet h2")).to_have_text("You have judged everything")
        screenshot(holder, "compare-nothing-left-1280-light")
        judging.change("UPDATE annotate_project SET paused_at = CURRENT_TIMESTAMP WHERE slug = 'few'")
        holder.reload()
        expect(holder.locator("#sheet h2")).to_have_text("This project is paused")
        screenshot(holder, "compare-paused-1280-light")
        judging.change("UPDATE annotate_project SET paused_at = NULL WHERE slug = 'few'")
        holder.keyboard.press("u")
        expect(holder.locator("#pair [name=assignment]")).to_have_count(1)


def test_what_a_page_is_opened_with_in_place_of_a_pair_stays_on_it(chromium: Browser, judging: Site) -> None:
    judging.change("UPDATE annotate_membership SET guidelines_read = 0 WHERE user_id = ?", judging.person("mia"))
    with watched(chromium, **session_of(chromium, judging.address, "mia")) as context:
        page = context.new_page()
        open_compare(page, judging.address, "talk")
        heading = page.locator("#sheet h2").inner_text()
        screenshot(page, "compare-guidelines-first-1280-light")
    judging.change("UPDATE annotate_membership SET guidelines_read = 1 WHERE user_id = ?", judging.person("mia"))

    assert heading == "First, the guidelines"


def test_on_a_phone_every_button_can_be_reached(phone: Page) -> None:
    boxes = [button.bounding_box() for button in phone.locator(".bar button").all()]
    screenshot(phone, "compare-360-light")

    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["height"] >= 44 for box in boxes)
    assert len(boxes) == 6
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_one_response_is_shown_at_a_time_and_nobody_judges_before_seeing_both(phone: Page) -> None:
    assignment = shown_assignment(phone)
    expect(phone.locator("#response-A")).to_be_visible()
    expect(phone.locator("#response-B")).to_be_hidden()

    phone.locator("#choose-left").tap()
    expect(phone.locator("#response-B")).to_be_visible()
    expect(phone.locator("#message")).to_contain_text("Choose now that you have seen both")
    kept = stays(phone, assignment)
    phone.locator("[data-side=A]").tap()
    expect(phone.locator("#response-A")).to_be_visible()
    phone.locator("#choose-left").tap()

    assert kept
    expect(phone.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    wait_until_armed(phone)
    expect(phone.locator("#response-A")).to_be_visible()


def test_at_twice_the_size_everything_is_still_there(chromium: Browser, kay: dict[str, Any], judging: Site) -> None:
    half = {"width": 640, "height": 400}
    with watched(chromium, **kay, viewport=half, device_scale_factor=2) as zoomed:
        page = opened(zoomed, judging, "marked")
        screenshot(page, "compare-zoomed-640-light")

        boxes = [button.bounding_box() for button in page.locator(".bar button").all()]
        fits = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    assert fits
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 640 for box in boxes)


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(
    chromium: Browser, kay: dict[str, Any], judging: Site
) -> None:
    with watched(chromium, **kay, reduced_motion="reduce") as still:
        page = opened(still, judging, "plain")
        page.keyboard.press("1")
        moving = page.evaluate("() => document.getAnimations().filter((a) => a.effect.getTiming().duration > 1).length")

    assert moving == 0
