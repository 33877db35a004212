"""People at a browser who watch its console: a test in which anything complained has failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

SCREENSHOTS = Path("test-output/screenshots")
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@contextmanager
def watched(browser: Browser, *, allowed: tuple[str, ...] = (), **options: Any) -> Iterator[BrowserContext]:
    """Open a context with these options; at its end nothing may have been reported but what is allowed.

    Violations of the content policy are console errors too.
    """
    context = browser.new_context(**({"viewport": WIDE} | options))
    faults: list[str] = []
    context.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context
    context.close()
    complaints = [fault for fault in faults if not any(words in fault for words in allowed)]
    assert not complaints, complaints


def sign_in(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("main").get_by_role("button").click()
    page.get_by_role("heading", name="Your projects").wait_for()


def open_compare(page: Page, address: str) -> None:
    page.goto(f"{address}/p/demo/compare")
    wait_until_armed(page)


def wait_until_armed(page: Page) -> None:
    """Wait until the pair on screen has been painted and takes keys."""
    page.locator("#pair[data-armed]").wait_for()


def shown_assignment(page: Page) -> str:
    return page.locator("#pair [name=assignment]").input_value()


def judge(page: Page, key: str) -> None:
    """Press a key and wait for the next pair."""
    judged = shown_assignment(page)
    page.keyboard.press(key)
    expect(page.locator("#pair [name=assignment]")).not_to_have_value(judged)
    wait_until_armed(page)
    expect(page.locator("#saving")).to_have_text("Saved")


def screenshot(page: Page, name: str, *, full_page: bool = False) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=full_page)
    return path
