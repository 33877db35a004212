"""Joining by an invitation."""

import pytest
from axes.models import AccessLog
from django.test import Client

from annotate.models import Invitation, Membership, Project, Role, User
from annotate.services.accounts import create_sign_in_link
from annotate.services.members import create_invitation, remove_member, set_member
from tests.annotate.views.browsers import browser_of
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project, alice: User) -> str:
    return f"/invite/{create_invitation(project=project, role=Role.RESEARCHER, by=alice)}"


def test_the_invitation_says_to_what_and_by_whom(client: Client, address: str) -> None:
    page = client.get(address).content.decode()

    assert "Join Antarctica" in page
    assert "alice" in page
    assert "researcher" in page


def test_somebody_signed_in_joins_with_one_button(address: str, charlie: User, project: Project) -> None:
    response = browser_of(charlie).post(address)

    assert response["Location"] == "/p/antarctica/"
    assert Membership.objects.get(project=project, user=charlie).role == Role.RESEARCHER


def test_a_link_given_before_joining_does_not_open_what_was_joined(client: Client, address: str, charlie: User) -> None:
    before = create_sign_in_link(user=charlie)

    browser_of(charlie).post(address)

    assert client.post(f"/link/{before}").status_code == 410


def test_a_newcomer_chooses_a_name_and_is_in(client: Client, address: str, project: Project) -> None:
    response = client.post(address, {"username": "nina"})

    nina = User.objects.get(username="nina")
    assert response["Location"] == "/p/antarctica/"
    assert not nina.has_usable_password()
    assert "Set a password" in client.get("/p/antarctica/").content.decode()


@pytest.mark.parametrize("username", ["alice", "two words", ""])
def test_a_name_that_cannot_be_had_is_asked_for_again(client: Client, address: str, username: str) -> None:
    response = client.post(address, {"username": username})

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert Invitation.objects.get().uses_left == 1


def test_a_used_up_invitation_makes_no_account(client: Client, address: str) -> None:
    Invitation.objects.update(uses_left=0)

    response = client.post(address, {"username": "nina"})

    assert response.status_code == 410
    assert not User.objects.filter(username="nina").exists()


def test_no_table_keeps_the_token_that_somebody_joined_with(client: Client, address: str) -> None:
    client.post(address, {"username": "nina"})

    assert not AccessLog.objects.exists()


def test_nobody_takes_the_name_of_an_import_annotator(client: Client, address: str) -> None:
    response = client.post(address, {"username": "ｉmport-0123456789abcdef01234567"})  # its letters fold to ASCII

    assert "belong to imported labels" in response.content.decode()
    assert not User.objects.filter(username__startswith="import-").exists()


def test_an_admin_who_was_removed_does_not_come_back_by_an_own_invitation(
    address: str, project: Project, alice: User, charlie: User
) -> None:
    make_member(project, "ada", role=Role.ADMIN)
    remove_member(project=project, user=alice, by=alice)

    response = browser_of(charlie).post(address)

    assert response.status_code == 410


def test_an_admin_made_annotator_lets_nobody_in_any_more(
    address: str, project: Project, alice: User, charlie: User
) -> None:
    make_member(project, "ada", role=Role.ADMIN)
    set_member(project=project, user=alice, role=Role.ANNOTATOR)

    response = browser_of(charlie).post(address)

    assert response.status_code == 410


def test_a_removed_member_does_not_come_back_by_a_shared_invitation(
    client: Client, project: Project, alice: User, bob: User
) -> None:
    shared = f"/invite/{create_invitation(project=project, role=Role.ANNOTATOR, by=alice, uses=5)}"
    remove_member(project=project, user=bob, by=alice)
    client.force_login(bob)

    answer = client.post(shared)

    assert answer.status_code == 410
    assert not project.memberships.get(user=bob).active
