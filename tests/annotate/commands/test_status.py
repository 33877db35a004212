"""`manage.py status` tells a person and a program the same numbers."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from annotate.models import Project, Run, User
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


def test_a_change_of_the_encoder_shows_how_far_it_is_and_why_it_failed(project: Project) -> None:
    before = status()
    Project.objects.update(next_encoder={"model": "our-llama"})
    moment = timezone.now()
    run = Run.objects.create(
        project=project, kind=Run.Kind.REEMBED, created_at=moment, heartbeat_at=moment, done=3, total=9
    )

    changing = status()
    Run.objects.filter(pk=run.pk).update(state=Run.State.PARKED, error="no tokenizer")

    assert "encoder" not in before
    assert "encoder            changing to our-llama, 3 of 9 texts" in changing
    assert "encoder            change to our-llama parked: no tokenizer" in status()
