"""People at a browser who watch its console: a test in which anything complained has failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.site import PASSWORD

SCREENSHOTS = Path("test-output/screenshots")
WHOLE = """() => document.readyState === "complete"
  && [...document.querySelectorAll("#pair")].every((form) => "armed" in form.dataset)
  && [...document.querySelectorAll("[data-chart]")].every((chart) => chart.querySelector("svg"))"""
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


def sign_in_by_name(page: Page, address: str, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form; the page that was asked for is where it leads."""
    if "/login" not in page.url:
        page.goto(f"{address}/login")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def session_of(browser: Browser, address: str, name: str) -> dict[str, Any]:
    """Return the options of a context in which this person is signed in."""
    with watched(browser) as context:
        sign_in_by_name(context.new_page(), address, name)
        return {"storage_state": context.storage_state()}


def open_whole(page: Page, url: str) -> None:
    """Open a page and wait until all of it is there: a pair that takes keys, and every chart."""
    page.goto(url)
    page.wait_for_function(WHOLE)


def open_compare(page: Page, address: str, project: str = "demo") -> None:
    page.goto(f"{address}/p/{project}/compare")
    wait_until_armed(page)


def read_guidelines(page: Page, address: str, project: str = "demo") -> None:
    """Read what is to be read before the first pair."""
    page.goto(f"{address}/p/{project}/guidelines")
    page.locator("[name=read]").click()
    page.wait_for_url(f"**/p/{project}/compare")


def wait_until_armed(page: Page) -> None:
    """Wait until the pair on screen has been painted and takes keys."""
    page.locator("#pair[data-armed]").wait_for()


def shown_assignment(page: Page) -> str:
    return page.locator("#pair [name=assignment]").input_value()


def said(page: Page) -> str:
    return page.locator("#message").inner_text()


def stays(page: Page, assignment: str) -> bool:
    """Say whether the pair is still the same after the time in which a press would have had its effect."""
    page.wait_for_timeout(250)
    return shown_assignment(page) == assignment


def judge(page: Page, key: str) -> None:
    """Press a key and wait for the next pair and for the verdict to be saved."""
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
