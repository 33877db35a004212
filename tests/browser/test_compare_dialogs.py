"""What the compare screen asks and tells in dialogs, and the marks that stay on a pair: one key each."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.watching import judge, screenshot, shown_assignment, stays

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_s_asks_why_and_escape_goes_back(page: Page) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Why can't you judge it?")
    expect(dialog).to_be_visible()
    screenshot(page, "compare-skip-1280-light")
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    assert stays(page, assignment)


@pytest.mark.parametrize(("key", "reason"), [("1", "no_expertise"), ("3", "broken_response"), ("5", "other")])
def test_a_number_in_the_dialog_is_a_reason_and_no_verdict(page: Page, judging: Site, key: str, reason: str) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press("s")
    page.keyboard.press(key)

    expect(page.locator("#pair [name=assignment]")).not_to_have_value(assignment)
    expect(page.locator("#message")).to_contain_text("the pair goes to somebody else")
    query = "SELECT closed_as, skip_reason FROM annotate_assignment WHERE public_id = ?"
    assert judging.ask(query, assignment.replace("-", "")) == [("skipped", reason)]


def test_f_flags_and_takes_the_flag_off(page: Page, judging: Site) -> None:
    assignment = shown_assignment(page)
    query = """
        SELECT f.withdrawn_at IS NULL FROM annotate_flag f JOIN annotate_assignment a ON a.id = f.assignment_id
        WHERE a.public_id = ?
    """
    flags = []
    for said_then in ("Flagged for", "The flag is off"):
        page.keyboard.press("f")
        expect(page.locator("#message")).to_contain_text(said_then)
        flags += judging.ask(query, assignment.replace("-", ""))

    assert flags == [(1,), (0,)]
    assert shown_assignment(page) == assignment


def test_g_shows_the_guidelines(page: Page) -> None:
    page.keyboard.press("g")

    dialog = page.get_by_role("dialog", name="Guidelines")
    expect(dialog).to_contain_text("true before pretty")
    screenshot(page, "compare-guidelines-1280-light")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("leave", ["Control+Enter", "Escape"])
def test_a_comment_is_typed_without_any_key_acting_and_goes_with_the_verdict(
    page: Page, judging: Site, leave: str
) -> None:
    assignment = shown_assignment(page)

    page.keyboard.press("c")
    page.keyboard.type("1290 stux? A")
    kept = stays(page, assignment)
    screenshot(page, "compare-comment-1280-light")
    page.keyboard.press(leave)
    expect(page.locator("#comment")).to_be_hidden()
    judge(page, "2")

    query = """
        SELECT c.comment FROM annotate_comparison c JOIN annotate_assignment a ON a.id = c.assignment_id
        WHERE a.public_id = ? ORDER BY c.id DESC LIMIT 1
    """
    assert kept
    assert judging.ask(query, assignment.replace("-", "")) == [("1290 stux? A",)]
    expect(page.locator("#comment-text")).to_have_value("")


def test_the_longest_comment_is_sent(page: Page, judging: Site) -> None:
    page.keyboard.press("c")
    page.locator("#comment-text").fill("語" * 10_000)  # 90 kB on its way
    page.keyboard.press("Escape")
    judge(page, "1")

    assert judging.ask("SELECT max(length(comment)) FROM annotate_comparison") == [(10_000,)]


def test_the_question_mark_lists_every_key_of_the_page(page: Page) -> None:
    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    screenshot(page, "compare-keys-1280-light")
    printed = set(dialog.locator("dt kbd").all_inner_texts())
    assert {"1", "2", "0", "9", "T", "X", "S", "U", "Ctrl Z", "F", "G", "D", "Y", "W", "C", "?"} <= printed
