"""`manage.py create_invitation`."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import resolve

from annotate.models import Invitation, Project, User
from annotate.services.members import accept_invitation

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    written = io.StringIO()
    call_command("create_invitation", *arguments, stdout=written, stderr=io.StringIO())
    return written.getvalue().strip()


def test_it_prints_a_link_by_which_people_join(project: Project, alice: User, charlie: User) -> None:
    link = printed("--project", project.slug, "--role", "researcher", "--uses", "3")

    token = resolve(link.removeprefix("http://127.0.0.1:8000")).kwargs["token"]
    assert accept_invitation(token=token, user=charlie).role == "researcher"
    assert Invitation.objects.get().uses_left == 2
    assert Invitation.objects.get().invited_by == alice


@pytest.mark.parametrize(
    "arguments",
    [("--project", "none"), ("--project", "antarctica", "--uses", "0"), ("--project", "antarctica", "--by", "bob")],
)
def test_what_will_not_do_is_refused(project: Project, alice: User, bob: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        printed(*arguments)

    assert not Invitation.objects.exists()


def test_a_project_without_admins_invites_nobody(project: Project) -> None:
    with pytest.raises(CommandError):
        printed("--project", project.slug)
