"""Site admins create projects."""

import pytest
from django.test import Client

from annotate.models import Membership, Project, Role, User
from tests.annotate.views.browsers import browser_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SENT = {"name": "Arctic", "slug": "arctic", "outcomes": "binary"}


@pytest.fixture
def roots(db: None) -> Client:
    return browser_of(make_user("root", superuser=True))


def test_its_maker_becomes_its_admin(roots: Client) -> None:
    response = roots.post("/projects/new", SENT)

    assert response["Location"] == "/p/arctic/data"
    assert Membership.objects.get(project__slug="arctic").role == Role.ADMIN
    assert Project.objects.get().outcomes == "binary"


def test_a_short_name_in_use_is_asked_for_again(roots: Client, project: Project) -> None:
    response = roots.post("/projects/new", SENT | {"slug": project.slug})

    assert response.status_code == 200
    assert "already exists" in response.content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_may_not(alice: User, method: str) -> None:
    response = getattr(browser_of(alice), method)("/projects/new", SENT)

    assert response.status_code == 403
    assert not Project.objects.filter(slug="arctic").exists()
