"""The API's page in a real browser: it draws every operation, tries one, and breaks no rule of the strict policy."""

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_member, make_project
from tests.servers import find_chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WATCH = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""


@pytest.fixture
def session(db: None) -> dict[str, str]:
    """Sign bob in and return his cookie."""
    client = Client()
    client.force_login(make_member(make_project(n_pairs=1), "bob"))
    return {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}


def test_the_page_draws_and_tries_the_api_under_the_strict_policy(
    live_server: LiveServer, session: dict[str, str]
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{**session, "url": live_server.url}])
        page, faults, requests = context.new_page(), [], []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.add_init_script(WATCH)
        page.goto(f"{live_server.url}/api/docs")
        page.locator(".opblock").first.wait_for()
        n_drawn = page.locator(".opblock").count()

        operation = page.locator("#operations-projects-projects_assignments_create")
        operation.click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_placeholder("slug").fill("antarctica")
        operation.get_by_role("button", name="Execute").click()
        answered = operation.locator(".live-responses-table tbody .response-col_status").first.inner_text()
        violations = page.evaluate("violations")
        browser.close()

    assert n_drawn == sum(map(len, SchemaGenerator().get_schema(public=True)["paths"].values()))
    assert answered == "201"
    assert (violations, faults) == ([], [])
    assert all(address.startswith((live_server.url, "data:")) for address in requests)
