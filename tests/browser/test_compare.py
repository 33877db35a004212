"""The compare screen at the keyboard: what each key does, and when it does nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.browser.watching import (
    judge,
    said,
    shown_assignment,
    stays,
    wait_until_armed,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def preset(judging: Site) -> Iterator[Any]:
    """Return a function that gives kay a preset; afterwards she has the first one again."""

    def choose(name: str) -> None:
        judging.change("UPDATE annotate_user SET key_preset = ? WHERE username = 'kay'", name)

    yield choose
    choose("numbers")


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

    expect(page.locator("#message")).to_contain_text(f"Saved: {saved}")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("arrows", {"ArrowLeft": "A is", "ArrowRight": "B is", "ArrowDown": "a tie", "ArrowUp": "both are"}),
        ("letters", {"a": "A is", "b": "B is", "e": "a tie", "x": "both are"}),
    ],
)
def test_another_preset_has_its_own_keys_and_not_the_first_ones(
    page: Page, preset: Any, name: str, keys: dict[str, str]
) -> None:
    preset(name)
    page.reload()
    wait_until_armed(page)
    before = shown_assignment(page)

    page.keyboard.press("1")
    kept = stays(page, before)
    verdicts = []
    for key in keys:
        judge(page, key)
        verdicts.append(said(page))

    assert kept
    assert all(f"Saved: {words}" in verdict for verdict, words in zip(verdicts, keys.values(), strict=True))


def test_without_single_keys_no_key_does_anything_and_the_buttons_do(page: Page, preset: Any) -> None:
    preset("off")
    page.reload()
    wait_until_armed(page)
    assignment = shown_assignment(page)

    for key in "120tx9sfgdywc?u":
        page.keyboard.press(key)
    kept = stays(page, assignment)
    page.locator("#choose-left").click()

    assert kept
    expect(page.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    expect(page.locator("#saving")).to_have_text("Saved")


@pytest.mark.parametrize("key", ["u", "Control+z", "Meta+z"])
def test_undo_shows_the_judged_pair_again_at_once(page: Page, key: str) -> None:
    judged = shown_assignment(page)
    judge(page, "1")

    page.keyboard.press(key)

    expect(page.locator("#pair [name=assignment]")).to_have_value(judged)
    expect(page.locator("#message")).to_contain_text("Undone. Judge it again.")


def test_undo_reaches_back_over_several_verdicts_and_a_reload(page: Page) -> None:
    judged = []
    for key in "120":
        judged.append(shown_assignment(page))
        judge(page, key)

    page.keyboard.press("u")
    expect(page.locator("#message")).to_contain_text("Undone. Judge it again.")
    wait_until_armed(page)
    page.reload()
    wait_until_armed(page)
    page.keyboard.press("u")

    expect(page.locator("#pair [name=assignment]")).to_have_value(judged[1])


def test_the_toasts_button_undoes_too_and_the_toast_goes_after_ten_seconds(page: Page) -> None:
    judged = shown_assignment(page)
    judge(page, "1")
    page.locator("#message").get_by_role("button", name="Undo").click()
    expect(page.locator("#pair [name=assignment]")).to_have_value(judged)
    wait_until_armed(page)
    page.clock.install()
    judge(page, "2")
    page.mouse.move(5, 5)

    page.clock.run_for(9_000)
    still = page.locator("#message .note").count()
    page.clock.run_for(2_000)

    assert still == 1
    expect(page.locator("#message .note")).to_have_count(0)


@pytest.mark.parametrize("key", ["Control+1", "Alt+2", "Meta+0", "Shift+U", "3", "a", "Enter"])
def test_other_keys_and_held_modifiers_do_nothing(page: Page, key: str) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press(key)

    assert stays(page, assignment)


def test_keys_are_dead_until_the_pair_is_painted(page: Page) -> None:
    judge(page, "1")
    page.evaluate(
        """() => {
          const real = window.requestAnimationFrame;
          window.requestAnimationFrame = (paint) => setTimeout(() => real(paint), 300);
        }"""
    )
    assignment = shown_assignment(page)

    page.keyboard.press("2")
    expect(page.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    unseen = shown_assignment(page)
    page.keyboard.press("2")

    assert page.locator("#pair[data-armed]").count() == 0
    assert shown_assignment(page) == unseen
    wait_until_armed(page)
    assert shown_assignment(page) == unseen


def test_a_held_key_and_a_double_click_judge_one_pair(page: Page, judging: Site) -> None:
    before = judging.n_verdicts("kay", "plain")
    for _ in range(3):
        page.keyboard.down("1")
    page.keyboard.up("1")
    expect(page.locator("#saving")).to_have_text("Saved")
    wait_until_armed(page)
    after_key = judging.n_verdicts("kay", "plain")

    page.get_by_role("button", name="Tie").dblclick()
    page.wait_for_timeout(250)
    expect(page.locator("#saving")).to_have_text("Saved")

    assert (after_key, judging.n_verdicts("kay", "plain")) == (before + 1, before + 2)


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


def test_without_a_script_it_is_a_plain_form(chromium: Browser, kay: dict[str, Any], judging: Site) -> None:
    with watched(chromium, **kay, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{judging.address}/p/plain/compare")
        assignment = shown_assignment(page)

        page.get_by_role("button", name="A is better").click()
        judged_next, saved = shown_assignment(page), said(page)
        page.locator("#undo").click()
        undone = shown_assignment(page)
        page.get_by_role("button", name="Can't judge").click()
        page.get_by_role("button", name="The prompt makes no sense").click()

        assert judged_next != assignment
        assert "Saved: A is better." in saved
        assert undone == assignment
        assert "Given back without a verdict" in said(page)
