"""`manage.py create_user`."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import resolve

from annotate.models import Membership, Project, User
from annotate.services.accounts import spend_sign_in_link

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    written = io.StringIO()
    call_command("create_user", *arguments, stdout=written, stderr=io.StringIO())
    return written.getvalue().strip()


def test_it_prints_a_link_that_signs_the_new_member_in(project: Project) -> None:
    link = printed("dora", "--project", project.slug, "--role", "researcher", "--address", "https://tiebreak.example/")

    path = link.removeprefix("https://tiebreak.example")
    assert spend_sign_in_link(token=resolve(path).kwargs["token"]).username == "dora"
    assert Membership.objects.get(user__username="dora").role == "researcher"


def test_without_a_role_the_new_member_annotates(project: Project) -> None:
    printed("dora", "--project", project.slug)

    assert Membership.objects.get(user__username="dora").role == "annotator"


@pytest.mark.parametrize(
    "arguments", [("bob", "--project", "antarctica"), ("a b", "--project", "antarctica"), ("dora", "--project", "none")]
)
def test_a_name_or_project_that_will_not_do_is_refused_and_nothing_is_made(
    project: Project, bob: User, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        printed(*arguments)

    assert list(User.objects.values_list("username", flat=True)) == ["bob"]
