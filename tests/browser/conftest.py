"""Chromium, and people who can sign in to the running application."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.application import Application, manage
from tests.browser.site import Site, site
from tests.browser.watching import open_compare, session_of, watched
from tests.servers import find_chromium

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a browser for one module: while Playwright runs, Django refuses database calls of the same thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def make_person(running_app: Application) -> Callable[[str, str], str]:
    """Return a function that makes a person with a role in the demo project and returns their one-time link."""

    def make(name: str, role: str) -> str:
        own = ("--project", "demo", "--role", role, "--address", running_app.address)
        return manage("create_user", name, *own, TIEBREAK_DATA_DIR=str(running_app.data_dir)).strip()

    return make


@pytest.fixture(scope="session")
def judging() -> Iterator[Site]:
    """Return the web process with projects made for the compare screen; all tests share it."""
    with site() as serving:
        yield serving


@pytest.fixture(scope="module")
def kay(chromium: Browser, judging: Site) -> dict[str, Any]:
    """Return the options of a context in which kay, who annotates, is signed in."""
    return session_of(chromium, judging.address, "kay")


@pytest.fixture
def context(chromium: Browser, kay: dict[str, Any]) -> Iterator[BrowserContext]:
    with watched(chromium, **kay) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext, judging: Site) -> Page:
    """Return kay's compare screen with a pair that takes keys."""
    opened = context.new_page()
    open_compare(opened, judging.address, "plain")
    return opened
