"""The inspection site: for site admins, and read-only."""

import pytest
from django.contrib import admin
from django.urls import reverse

from annotate.models import Project, User
from tests.annotate.views.browsers import browser_of
from tests.factories import compare, make_user

pytestmark = pytest.mark.django_db

REGISTERED = [model for model in admin.site._registry if model._meta.app_label == "annotate"]


@pytest.mark.parametrize("model", REGISTERED)
def test_rows_can_be_looked_at_and_not_changed(project: Project, bob: User, model: type) -> None:
    compare(project, bob)
    browser = browser_of(make_user("root", superuser=True))
    name = f"admin:annotate_{model._meta.model_name}"

    assert browser.get(reverse(f"{name}_changelist")).status_code == 200
    assert browser.get(reverse(f"{name}_add")).status_code == 403
    if row := model.objects.first():
        assert browser.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert browser.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_a_projects_admin_is_no_site_admin(alice: User) -> None:
    assert browser_of(alice).get("/admin/").status_code == 302
