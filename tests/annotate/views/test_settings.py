"""The settings screen: judging and training, the project's state, members and invitations."""

import re
from typing import Any

import pytest
from django.forms import model_to_dict
from django.test import Client

from annotate.forms import SettingsForm
from annotate.models import AuditEvent, Invitation, Membership, Project, Role, User
from tests.annotate.views.browsers import main_of, n_queries
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/settings"


def form_of(project: Project, **changes: Any) -> dict[str, Any]:
    return model_to_dict(project, SettingsForm._meta.fields) | {"save": "settings"} | changes


def test_a_changed_field_is_stored_and_recorded(alices: Client, project: Project) -> None:
    response = alices.post(URL, form_of(project, lease_seconds=120))

    project.refresh_from_db()
    assert response["Location"] == URL
    assert project.lease_seconds == 120
    assert AuditEvent.objects.get(verb__startswith="changed").verb == "changed lease_seconds of"


def test_new_guidelines_make_a_new_version(alices: Client, project: Project) -> None:
    alices.post(URL, form_of(project, guidelines="Prefer the truth."))

    project.refresh_from_db()
    assert (project.guidelines, project.guideline_version) == ("Prefer the truth.", 2)


@pytest.mark.parametrize(
    "changes", [{"overlap": 0}, {"name": ""}, {"audit_share": "x"}, {"audit_share": 0.9, "repeat_share": 0.5}]
)
def test_settings_that_cannot_hold_are_asked_for_again(
    alices: Client, project: Project, changes: dict[str, Any]
) -> None:
    response = alices.post(URL, form_of(project, **changes))

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert Project.objects.get().overlap == 1


def test_a_form_cannot_set_what_it_does_not_show(alices: Client, project: Project) -> None:
    alices.post(URL, form_of(project, slug="stolen", seed=9, archived_at="2026-01-01"))

    after = Project.objects.get()
    assert (after.slug, after.seed, after.archived_at) == ("antarctica", 0, None)


def test_pause_resume_and_archive(alices: Client, project: Project) -> None:
    states = []
    for button in ("pause", "resume", "archive"):
        alices.post(URL, {"state": button})
        after = Project.objects.get()
        states.append((after.paused_at is not None, after.archived_at is not None))

    assert states == [(True, False), (False, False), (False, True)]


def test_an_unknown_state_is_refused(alices: Client) -> None:
    assert alices.post(URL, {"state": "explode"}).status_code == 400


def test_members_are_listed_with_their_roles(alices: Client, bob: User) -> None:
    page = main_of(alices.get(URL))

    assert "Role of bob" in page
    assert str(bob.public_id) in page


def test_a_role_is_changed(alices: Client, project: Project, bob: User) -> None:
    alices.post(URL, {"change_role": "save", "member": bob.public_id, "role": "researcher"})

    assert Membership.objects.get(user=bob).role == Role.RESEARCHER


def test_a_member_is_removed(alices: Client, bob: User) -> None:
    alices.post(URL, {"remove": "member", "member": bob.public_id})

    assert not Membership.objects.get(user=bob).active


@pytest.mark.parametrize("action", [{"change_role": "save", "role": "annotator"}, {"remove": "member"}])
def test_the_last_admin_stays(alices: Client, alice: User, action: dict[str, str]) -> None:
    response = alices.post(URL, action | {"member": str(alice.public_id)}, follow=True)

    assert "last admin" in response.content.decode()
    assert Membership.objects.get(user=alice).role == Role.ADMIN


def test_an_outsider_is_no_member_to_act_on(alices: Client, charlie: User) -> None:
    response = alices.post(URL, {"let_in": "make", "member": charlie.public_id})

    assert response.status_code == 404


def secret_of(response: Any) -> str:
    found = re.search(r'id="secret"\s+value="([^"]+)"', response.content.decode())
    assert found, "no secret is shown"
    return found[1]


def test_a_member_who_lost_the_way_in_gets_a_link_shown_once(alices: Client, bob: User) -> None:
    link = secret_of(alices.post(URL, {"let_in": "make", "member": bob.public_id}))

    assert "Sign in as bob" in Client().get(link).content.decode()
    assert 'id="secret"' not in alices.get(URL).content.decode()


@pytest.mark.parametrize("who", ["site admin", "member elsewhere"])
def test_nobody_gains_rights_through_a_members_link(alices: Client, project: Project, who: str) -> None:
    user = make_user("root", superuser=who == "site admin")
    make_member(project, "root")
    if who == "member elsewhere":
        make_member(make_project("arctic"), "root")

    response = alices.post(URL, {"let_in": "make", "member": user.public_id}, follow=True)

    assert "rights beyond your projects" in response.content.decode()
    assert not user.sign_in_links.exists()


def test_an_invitation_link_is_shown_once_and_works(alices: Client) -> None:
    link = secret_of(alices.post(URL, {"invite": "make", "role": "annotator", "uses": 3}))

    assert "Join Antarctica" in Client().get(link).content.decode()
    page = main_of(alices.get(URL))
    assert "3 places left" in page
    assert link not in page


def test_an_invitation_for_nobody_is_asked_for_again(alices: Client) -> None:
    response = alices.post(URL, {"invite": "make", "role": "annotator", "uses": 0})

    assert "errorlist" in response.content.decode()
    assert not Invitation.objects.exists()


def test_a_withdrawn_invitation_opens_nothing(alices: Client) -> None:
    link = secret_of(alices.post(URL, {"invite": "make", "role": "annotator", "uses": 3}))

    alices.post(URL, {"withdraw": Invitation.objects.get().token_hash})

    assert Client().get(link).status_code == 410


def test_an_invitation_that_no_database_could_hold_is_refused(alices: Client) -> None:
    assert alices.post(URL, {"withdraw": "\x00"}).status_code == 400


def test_another_projects_invitation_cannot_be_withdrawn(alices: Client, alice: User) -> None:
    other = make_project("arctic")
    invitation = Invitation.objects.create(
        project=other, role="annotator", token_hash="f" * 64, invited_by=alice, expires_at="2100-01-01T00:00Z"
    )

    alices.post(URL, {"withdraw": "f" * 64})

    invitation.refresh_from_db()
    assert invitation.uses_left == 1


def test_ten_more_members_cost_no_more_queries(alices: Client, project: Project) -> None:
    make_member(project, "member")
    before = n_queries(alices, URL)

    for number in range(10):
        make_member(project, f"member{number}")

    assert n_queries(alices, URL) == before
