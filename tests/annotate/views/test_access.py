"""Closed by default: what every page answers to strangers, outsiders and lower roles, and with which headers.

A page that is missing from PAGES, SIGNED_IN, OF_ROWS and OPEN fails the first test.
"""

import re
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from annotate.models import Project, Role, User
from annotate.services.members import remove_member
from annotate.urls import urlpatterns
from tests.annotate.views.browsers import browser_of, fragment, main_of
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Page:
    """One page of a project and the role it needs; `further` is the rest of its address."""

    name: str
    role: Role
    further: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join([self.name, *self.further])

    def of(self, project: Project) -> str:
        return reverse(self.name, args=[project.slug, *self.further])


PAGES = [
    Page("overview", Role.ANNOTATOR),
    Page("compare", Role.ANNOTATOR),
    Page("history", Role.ANNOTATOR),
    Page("guidelines", Role.ANNOTATOR),
    Page("agreement", Role.RESEARCHER),
    Page("agreement-chart", Role.RESEARCHER, ("accuracy",)),
    Page("agreement-csv", Role.RESEARCHER, ("accuracy",)),
    Page("disagreements", Role.RESEARCHER),
    Page("flags", Role.RESEARCHER),
    Page("snapshots", Role.RESEARCHER),
    Page("annotators", Role.RESEARCHER),
    Page("data", Role.RESEARCHER),
    Page("data-export", Role.RESEARCHER, ("canonical",)),
    Page("gold", Role.ADMIN),
    Page("settings", Role.ADMIN),
]
SIGNED_IN = ["projects", "account", "new-project", "api-docs"]
# Pages of one row or of one kind of project: their own tests ask who may see them.
OF_ROWS = ["disagreement", "head", "snapshot-head", "snapshot-metrics", "rank"]
OPEN = ["login", "logout", "link", "invite", "healthz", "readyz"]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=str)


def test_every_page_is_in_the_table() -> None:
    named = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern) and pattern.name}

    assert named == {page.name for page in PAGES} | {*SIGNED_IN, *OPEN, *OF_ROWS}


@EVERY_PAGE
def test_strangers_are_sent_to_sign_in_and_come_back(client: Client, project: Project, page: Page) -> None:
    response = client.get(page.of(project))

    assert (response.status_code, response["Location"]) == (302, f"/login?next={page.of(project)}")


@pytest.mark.parametrize("name", SIGNED_IN)
def test_strangers_see_nothing_of_the_site(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302


@EVERY_PAGE
def test_another_projects_page_does_not_exist(project: Project, charlie: User, page: Page) -> None:
    answers = [browser_of(charlie).get(url) for url in (page.of(project), page.of(Project(slug="never-was")))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert main_of(answers[0]) == main_of(answers[1])


@EVERY_PAGE
@pytest.mark.parametrize("role", Role)
def test_a_page_is_for_its_role_and_the_ones_above(project: Project, page: Page, role: Role) -> None:
    member = make_member(project, "sam", role=role)

    response = browser_of(member).get(page.of(project))

    assert response.status_code == (200 if page.role in role.includes else 403)


@EVERY_PAGE
def test_a_removed_member_is_an_outsider(project: Project, alice: User, page: Page) -> None:
    admin = make_member(project, "adele", role=Role.ADMIN)
    browser = browser_of(admin)
    remove_member(project=project, user=admin, by=alice)

    assert browser.get(page.of(project)).status_code == 404


@EVERY_PAGE
def test_every_answer_carries_the_strict_policy(project: Project, alice: User, page: Page) -> None:
    response = browser_of(alice).get(page.of(project))

    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"


@EVERY_PAGE
def test_no_page_has_inline_script_or_style(project: Project, alice: User, page: Page) -> None:
    response = browser_of(alice).get(page.of(project))

    if response["Content-Type"].startswith("text/html"):
        assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=|javascript:", response.content.decode())


def test_a_fragment_asked_for_after_the_session_ended_is_no_login_page(client: Client, project: Project) -> None:
    url = reverse("compare", args=[project.slug])

    response = client.post(url, {"choice": "left"}, headers={"HX-Request": "true"}, follow=True)

    page = response.content.decode()
    assert response.status_code == 401
    assert 'id="refusal"' in page
    assert f"/login?next={url}" in page
    assert "password" not in page


def test_a_refusal_says_what_to_do_next(project: Project, bob: User) -> None:
    response = browser_of(bob).get(reverse("settings", args=[project.slug]))

    assert "Ask its admin" in response.content.decode()


def test_a_refused_fragment_carries_the_message_that_htmx_shows(project: Project, bob: User) -> None:
    response = fragment(browser_of(bob), reverse("compare", args=[project.slug]), {"choice": "left"})

    assert response.status_code == 400
    assert 'class="note error"' in response.content.decode()
