"""The whole loop as a person sees it, in the application that `make run` starts."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.application import Application
from tests.browser.watching import (
    NARROW,
    WIDE,
    judge,
    open_compare,
    open_whole,
    read_guidelines,
    screenshot,
    shown_assignment,
    sign_in,
    watched,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SCREENS = {
    "projects": "/",
    "overview": "/p/demo/",
    "compare": "/p/demo/compare",
    "history": "/p/demo/history",
    "agreement": "/p/demo/agreement",
    "disagreements": "/p/demo/disagreements",
    "data": "/p/demo/data",
    "settings": "/p/demo/settings",
    "account": "/account",
    "new_project": "/projects/new",
}
LEARNS_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def admin(chromium: Browser, running_app: Application) -> dict[str, object]:
    """Sign in through the link that was printed, and return the browser's cookies."""
    with watched(chromium) as context:
        page = context.new_page()
        sign_in(page, running_app.sign_in_link)
        read_guidelines(page, running_app.address)
        return {"storage_state": context.storage_state()}


def figure(page: Page, address: str, name: str) -> int:
    page.goto(f"{address}/p/demo/")
    text = page.locator(f"#{name}").inner_text()
    return int(text) if text.isdecimal() else 0


def test_ten_verdicts_by_keyboard_and_an_undo_move_the_overview(
    chromium: Browser, running_app: Application, admin: dict[str, object]
) -> None:
    address = running_app.address
    with watched(chromium, **admin) as context:
        page = context.new_page()
        before = [figure(page, address, name) for name in ("n-comparisons", "snapshot")]

        open_compare(page, address)
        for key in "1202101290":
            judge(page, key)
        judged_last = shown_assignment(page)
        page.keyboard.press("u")
        expect(page.locator("#pair [name=assignment]")).not_to_have_value(judged_last)
        expect(page.locator("#saving")).to_have_text("Saved")

        page.goto(f"{address}/p/demo/")
        expect(page.locator("#n-comparisons")).to_have_text(str(before[0] + 9))
        expect(page.get_by_text(re.compile(f"from {before[0] + 9} comparisons"))).to_be_visible(
            timeout=LEARNS_WITHIN_MS
        )
        after = int(page.locator("#snapshot").inner_text())

    assert after > before[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=lambda viewport: str(viewport["width"]))
def test_every_screen_fits_and_nothing_complains(
    chromium: Browser,
    running_app: Application,
    admin: dict[str, object],
    viewport: dict[str, int],
    scheme: str,
) -> None:
    overflowing = []
    with watched(chromium, **admin, viewport=viewport, color_scheme=scheme) as context:
        page = context.new_page()
        for name, path in SCREENS.items():
            open_whole(page, f"{running_app.address}{path}")
            screenshot(page, f"{name}-{viewport['width']}-{scheme}", full_page=name != "compare")
            if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
                overflowing.append(name)

    assert overflowing == []


def test_the_chart_of_accuracy_is_drawn_under_the_strict_policy(
    chromium: Browser, running_app: Application, admin: dict[str, object]
) -> None:
    with watched(chromium, **admin) as context:
        page = context.new_page()
        page.goto(f"{running_app.address}/p/demo/agreement")

        expect(page.locator("[data-chart*=accuracy] svg.marks")).to_be_visible()


def test_a_picture_for_the_readme(
    chromium: Browser, running_app: Application, admin: dict[str, object], tmp_path: Path
) -> None:
    with watched(chromium, **admin) as context:
        page = context.new_page()
        open_compare(page, running_app.address)
        picture = screenshot(page, "readme")

    if os.environ.get("WRITE_DOCS_SCREENSHOTS") == "1":
        shutil.copy(picture, Path("docs/screenshots/compare.png"))
    assert picture.stat().st_size < 200_000
