"""Every screen for everybody: axe reports nothing, in light and in dark; and the compare screen is light to load."""

import gzip
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern
from playwright.sync_api import Browser, Page, Response

from annotate.urls import urlpatterns
from tests.browser.site import Site
from tests.browser.watching import NARROW, WIDE, open_compare, open_whole, screenshot, session_of, watched

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SCREENS = {
    "projects": "/",
    "account": "/account",
    "new_project": "/projects/new",
    "overview": "/p/studied/",
    "compare": "/p/marked/compare",
    "history": "/p/studied/history",
    "annotators": "/p/studied/annotators",
    "agreement": "/p/studied/agreement",
    "disagreements": "/p/studied/disagreements",
    "flags": "/p/studied/flags",
    "snapshots": "/p/studied/snapshots",
    "guidelines": "/p/marked/guidelines",
    "rank": "/p/ranked/rank",
    "graded": "/p/graded/compare",
    "data": "/p/marked/data",
    "disagreement": "/p/studied/disagreements/{disagreement}",
    "gold": "/p/marked/gold?q=mars",
    "settings": "/p/marked/settings",
    "refusal": "/p/nowhere/",
}
DIALOGS = {"skip": "s", "guidelines": "g", "comment": "c", "keys": "?"}
ONE_DISAGREEMENT = """
SELECT c.public_id FROM annotate_disagreement d JOIN annotate_comparison c ON c.id = d.comparison_id LIMIT 1
"""
MOST_BYTES = 60_000
# Pages that are no screens of their own, the sign-in pages, which the stranger's test and their own tests look at, and
# the API's page, which is not of our making.
NO_SCREENS = {
    "login", "logout", "link", "invite", "healthz", "readyz", "agreement-chart", "agreement-csv", "head",
    "snapshot-head", "snapshot-metrics", "data-export", "api-docs",
}  # fmt: skip


@pytest.fixture(scope="module")
def ada(chromium: Browser, judging: Site) -> dict[str, Any]:
    return session_of(chromium, judging.address, "ada")


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[WIDE, NARROW], ids=lambda viewport: str(viewport["width"]))
def page(request: pytest.FixtureRequest, chromium: Browser, ada: dict[str, Any], scheme: str) -> Iterator[Page]:
    look = {"viewport": request.param, "color_scheme": scheme}
    with watched(chromium, **ada, **look, allowed=("status of 404",)) as context:
        yield context.new_page()


def complaints(page: Page) -> list[str]:
    """Return what axe has to say about the page as it stands: the rule and the elements."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [f"{rule['id']}: {[node['html'][:200] for node in rule['nodes']]}" for rule in found]


def test_every_screen_is_looked_at() -> None:
    names = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern) and pattern.name}

    missing = {name.replace("-", "_") for name in names - NO_SCREENS} - set(SCREENS)
    assert missing == set(), "Add each to SCREENS, or to NO_SCREENS with its reason."


def test_axe_reports_nothing_on_any_screen(page: Page, judging: Site, scheme: str) -> None:
    problems = {}
    ((disagreement,),) = judging.ask(ONE_DISAGREEMENT)
    for name, path in SCREENS.items():
        where = path.format(disagreement=UUID(str(disagreement)))
        open_whole(page, f"{judging.address}{where}")
        page.evaluate("() => document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        problems[name] = complaints(page)
        screenshot(page, f"{name}-{page.viewport_size['width']}-{scheme}", full_page=name != "compare")

    assert {name: found for name, found in problems.items() if found} == {}


def test_axe_reports_nothing_in_any_dialog_or_state_of_the_compare_screen(page: Page, judging: Site) -> None:
    open_compare(page, judging.address, "marked")
    problems = {}
    for name, key in DIALOGS.items():
        page.keyboard.press(key)
        problems[name] = complaints(page)
        page.keyboard.press("Escape")
    for key in ("d", "f"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        problems[key] = complaints(page)

    assert {name: found for name, found in problems.items() if found} == {}


def test_axe_reports_nothing_to_a_stranger(chromium: Browser, judging: Site, scheme: str) -> None:
    with watched(chromium, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{judging.address}/login")

        assert complaints(page) == []


def test_axe_would_complain(chromium: Browser, judging: Site) -> None:
    with watched(chromium) as context:
        page = context.new_page()
        page.goto(f"{judging.address}/login")
        page.evaluate("() => document.querySelector('main').append(document.createElement('button'))")

        assert [text.split(":")[0] for text in complaints(page)] == ["button-name"]


def test_the_whole_compare_screen_weighs_at_most_60_kilobytes(
    chromium: Browser, ada: dict[str, Any], judging: Site
) -> None:
    received: dict[str, int] = {}

    def weigh(response: Response) -> None:
        headers = response.all_headers()
        is_packed = headers.get("content-encoding") == "gzip"
        packed = int(headers["content-length"]) if is_packed else len(gzip.compress(response.body()))
        received[response.url.removeprefix(judging.address)] = packed

    with watched(chromium, **ada) as context:
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto(f"{judging.address}/p/marked/compare", wait_until="networkidle")
        for answer in answers:
            weigh(answer)

    assert len(received) > 10
    assert sum(received.values()) <= MOST_BYTES, received
