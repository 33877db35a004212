"""`manage.py status` tells a person and a program the same numbers."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from annotate.models import Project, User
from tests.factories import compare, make_project


def status(*flags: str) -> str:
    output = StringIO()
    call_command("status", *flags, stdout=output)
    return output.getvalue()


def test_it_shows_each_project(project: Project, bob: User) -> None:
    compare(project, bob)
    make_project("humour")

    shown = status()

    assert "Antarctica (antarctica)\n  comparisons        1\n" in shown
    assert "Humour (humour)\n  comparisons        0\n" in shown


def test_a_program_gets_the_same_as_json(project: Project, bob: User) -> None:
    compare(project, bob)

    (facts,) = json.loads(status("--json"))

    assert (facts["project"], facts["n_comparisons"], facts["n_open_pairs"]) == ("antarctica", 1, 4)
    assert facts["snapshot"] is None


def test_training_that_never_ran_is_no_pause_since_the_year_one(project: Project) -> None:
    assert "training           never began" in status()


@pytest.mark.django_db
def test_a_new_installation_has_no_project() -> None:
    assert status() == "There is no project yet.\n"
