"""`manage.py demo` fills a new installation, once."""

import pytest
from django.core.management import CommandError, call_command

from annotate.models import Membership, Pair, Project, Role

pytestmark = pytest.mark.django_db


def test_the_demo_project_has_pairs_to_judge_and_the_site_admin_as_its_admin() -> None:
    call_command("demo", verbosity=0)

    assert Pair.objects.filter(project__slug="demo").count() > 250
    assert Membership.objects.get(project__slug="demo").role == Role.ADMIN


def test_about_a_fifth_of_its_pairs_are_audit_pairs() -> None:
    call_command("demo")

    share = Pair.objects.filter(audit=True).count() / Pair.objects.count()
    assert 0.1 < share < 0.3


def test_making_it_twice_is_refused_and_changes_nothing() -> None:
    call_command("demo")
    n_pairs = Pair.objects.count()

    with pytest.raises(CommandError, match="here already"):
        call_command("demo")

    assert Pair.objects.count() == n_pairs
    assert Project.objects.count() == 1
