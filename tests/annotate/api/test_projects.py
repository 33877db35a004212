"""Projects over the API: those one belongs to, creating, changing, pausing."""

from typing import Any

import pytest

from annotate.models import AuditEvent, Membership, Project, Role, User
from tests.annotate.api.clients import client_of
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db

PROJECTS = "/api/v1/projects/"
HIDDEN_FROM_ANNOTATORS = {"seed", "audit_share", "repeat_share", "repeat_after", "strategy", "overlap", "audit_overlap"}


@pytest.fixture
def site_admin(db: None) -> User:
    return make_user("sam", superuser=True)


def test_the_list_holds_ones_own_projects_with_ones_role_in_each(project: Project, alice: User, bob: User) -> None:
    make_member(make_project("desert"), "bob", role=Role.RESEARCHER)
    make_project("elsewhere")

    listed = client_of(bob).get(PROJECTS).json()["results"]

    assert [(row["slug"], row["role"]) for row in listed] == [("desert", "researcher"), ("antarctica", "annotator")]


def test_the_list_costs_the_same_with_ten_more_projects(bob: User, django_assert_num_queries: Any) -> None:
    client = client_of(bob)
    for number in range(10):
        make_member(make_project(f"project-{number}"), "bob")

    with django_assert_num_queries(2):  # the token, the projects
        assert len(client.get(PROJECTS).json()["results"]) == 11


def test_an_outsider_sees_an_empty_list(project: Project, charlie: User) -> None:
    assert client_of(charlie).get(PROJECTS).json() == {"next": None, "previous": None, "results": []}


def test_an_annotator_sees_nothing_that_tells_how_pairs_are_chosen(project: Project, bob: User) -> None:
    shown = client_of(bob).get(f"{PROJECTS}{project.slug}/").json()

    assert shown["role"] == "annotator"
    assert not HIDDEN_FROM_ANNOTATORS & set(shown)


def test_a_researcher_sees_the_settings(project: Project, rosa: User) -> None:
    shown = client_of(rosa).get(f"{PROJECTS}{project.slug}/").json()

    assert set(shown) >= HIDDEN_FROM_ANNOTATORS
    assert shown["created_at"].endswith("Z")


def test_a_site_admin_creates_a_project_and_becomes_its_admin(site_admin: User) -> None:
    response = client_of(site_admin).post(
        PROJECTS, {"slug": "tides", "name": "Tides", "outcomes": "binary", "overlap": 3, "audit_share": 0.25}
    )

    created = response.json()
    assert response.status_code == 201
    assert (created["slug"], created["role"], created["overlap"], created["audit_share"]) == ("tides", "admin", 3, 0.25)
    assert Membership.objects.get(project__slug="tides").user == site_admin


def test_creating_the_same_address_twice_is_refused(site_admin: User) -> None:
    client = client_of(site_admin)
    client.post(PROJECTS, {"slug": "tides", "name": "Tides"})

    again = client.post(PROJECTS, {"slug": "tides", "name": "Tides"})

    assert (again.status_code, again.json()["code"]) == (400, "invalid_input")
    assert "slug" in again.json()["details"]["fields"]


@pytest.mark.parametrize("slug", ["taken", "free"])
def test_only_site_admins_create_projects_and_others_learn_no_addresses(alice: User, slug: str) -> None:
    make_project("taken")

    response = client_of(alice).post(PROJECTS, {"slug": slug, "name": "Mine"})

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "two words"},
        {"slug": ""},
        {"name": ""},
        {"name": 12},
        {"name": "a" * 121},
        {"name": "nul \x00"},
        {"outcomes": "strength"},
        {"overlap": 0},
        {"overlap": 2**63},
        {"audit_share": "nan"},
        {"audit_share": 1.5},
        {"lease_seconds": 9},
        {"seed": 3},
        {"role": "admin"},
        {"created_at": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused(site_admin: User, fields: dict[str, object]) -> None:
    response = client_of(site_admin).post(PROJECTS, {"slug": "tides", "name": "Tides", **fields})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert set(response.json()["details"]["fields"]) == set(fields)
    assert not Project.objects.exists()


def test_shares_that_add_up_to_more_than_everything_are_refused(site_admin: User) -> None:
    response = client_of(site_admin).post(
        PROJECTS, {"slug": "tides", "name": "Tides", "audit_share": 0.9, "repeat_share": 0.2}
    )

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


def test_an_admin_changes_one_setting_and_the_rest_stays(project: Project, alice: User) -> None:
    response = client_of(alice).patch(f"{PROJECTS}{project.slug}/", {"guidelines": "Prefer the true one."})

    project.refresh_from_db()
    assert response.status_code == 200
    assert response.json()["guideline_version"] == 2
    assert (project.guidelines, project.name) == ("Prefer the true one.", "Antarctica")


def test_the_address_cannot_be_changed(project: Project, alice: User) -> None:
    response = client_of(alice).patch(f"{PROJECTS}{project.slug}/", {"slug": "arctic"})

    assert response.status_code == 400


def test_an_empty_change_changes_nothing(project: Project, alice: User) -> None:
    response = client_of(alice).patch(f"{PROJECTS}{project.slug}/", {})

    assert response.status_code == 200
    assert not AuditEvent.objects.filter(verb__startswith="changed").exists()


@pytest.mark.parametrize("before", ["open", "paused", "archived"])
@pytest.mark.parametrize("after", ["open", "paused", "archived"])
def test_an_admin_moves_a_project_between_its_states(project: Project, alice: User, before: str, after: str) -> None:
    client = client_of(alice)
    client.patch(f"{PROJECTS}{project.slug}/", {"state": before})

    shown = client.patch(f"{PROJECTS}{project.slug}/", {"state": after}).json()

    assert shown["state"] == after
