"""The overview's numbers over the API."""

from typing import Any

import pytest
from django.utils import timezone

from annotate.models import Outcome, Project, Pulse, Run, User
from annotate.services.training import record_pulse
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.factories import compare, make_pair

pytestmark = pytest.mark.django_db


def status_of(project: Project, user: User) -> dict[str, Any]:
    numbers: dict[str, Any] = client_of(user).get(f"/api/v1/projects/{project.slug}/status/").json()
    return numbers


def test_a_new_project_reports_its_pairs_and_nothing_it_does_not_know(project: Project, rosa: User) -> None:
    numbers = status_of(project, rosa)

    assert (numbers["n_pairs"], numbers["n_open_pairs"], numbers["n_comparisons"]) == (5, 5, 0)
    assert numbers["snapshot"] is numbers["audit"] is numbers["work"] is numbers["parked"] is None


def test_a_trained_project_reports_its_snapshot_and_audit_score(project: Project, rosa: User, bob: User) -> None:
    compare(project, bob)
    make_snapshot(project, number=3)

    numbers = status_of(project, rosa)

    assert numbers["n_comparisons"] == 1
    assert (numbers["snapshot"]["number"], numbers["seconds_behind"]) == (3, 1.2)
    assert (numbers["audit"]["accuracy"], numbers["audit"]["n"]) == (0.75, 40)


def test_work_under_way_is_reported(project: Project, rosa: User) -> None:
    now = timezone.now()
    Run.objects.create(project=project, kind="embed", watermark="r10", created_at=now, heartbeat_at=now, total=10)

    assert status_of(project, rosa)["work"]["kind"] == "embed"


def test_a_trainer_that_never_began_has_no_time_of_pausing(project: Project, rosa: User) -> None:
    numbers = status_of(project, rosa)

    assert (numbers["training_paused"], numbers["training_paused_since"]) == (True, None)


def test_a_live_trainer_is_not_paused(project: Project, rosa: User) -> None:
    for process in Pulse.Process:
        record_pulse(process)

    assert status_of(project, rosa)["training_paused"] is False


def test_a_trainer_that_fell_silent_paused_at_its_last_sign(project: Project, rosa: User) -> None:
    for process in Pulse.Process:
        record_pulse(process)
    Pulse.objects.filter(process="trainer").update(beat_at="2026-01-02T03:04:05Z")

    assert status_of(project, rosa)["training_paused_since"] == "2026-01-02T03:04:05Z"


def test_the_status_costs_the_same_with_ten_more_pairs_and_verdicts(
    project: Project, rosa: User, bob: User, django_assert_max_num_queries: Any
) -> None:
    client = client_of(rosa)
    for number in range(10):
        make_pair(project, 10 + number)
        compare(project, bob, Outcome.TIE)
        make_snapshot(project, number=number + 1)

    with django_assert_max_num_queries(13):
        client.get(f"/api/v1/projects/{project.slug}/status/")
