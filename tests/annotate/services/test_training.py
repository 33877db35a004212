"""Runs: due once, claimed once, published once."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from annotate.models import Outcome, Project, Run, Snapshot, User
from annotate.selectors.watermark import watermark
from annotate.services.comparing import retract_comparison
from annotate.services.projects import archive_project, change_project
from annotate.services.training import (
    FenceLost,
    Queued,
    SnapshotContent,
    Surprising,
    beat_run,
    claim_run,
    config_digest,
    due_runs,
    fail_run,
    finish_run,
    fit_mark,
    give_way,
    publish_snapshot,
    report_progress,
    send_back_to_embedding,
)
from tests.factories import compare, make_pair, make_project

pytestmark = pytest.mark.django_db


def content(project: Project) -> SnapshotContent:
    mark = watermark(project)
    return SnapshotContent(
        watermark=fit_mark(project, mark),
        config_digest=config_digest(project),
        encoder_key="e",
        n_comparisons=mark.n_comparisons,
        last_comparison=mark.last_comparison,
        weights=b"w",
        digest="d",
        config={},
        metrics={},
        seconds=0.1,
        device="cpu",
    )


def claimed(project: Project) -> Run:
    (run,) = due_runs()
    claim = claim_run(run.pk)
    assert claim is not None
    return claim


def embed(project: Project) -> None:
    run = claimed(project)
    assert run.kind == Run.Kind.EMBED
    finish_run(run, covers=run.watermark)


def go_silent(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(heartbeat_at=Now() - timedelta(minutes=1))


def test_embedding_comes_first_then_a_fit_then_nothing(project: Project) -> None:
    embed(project)
    run = claimed(project)
    assert run.kind == Run.Kind.FIT

    publish_snapshot(run, content(project), queue=[], disagreements=[])

    assert due_runs() == []


def test_a_project_without_pairs_needs_nothing(db: None) -> None:
    make_project("empty")

    assert due_runs() == []


def test_two_ticks_create_one_run(project: Project) -> None:
    assert due_runs() == due_runs()
    assert Run.objects.count() == 1


def test_one_worker_gets_the_run(project: Project) -> None:
    (run,) = due_runs()

    assert claim_run(run.pk) is not None
    assert claim_run(run.pk) is None


def test_a_verdict_and_an_undo_each_make_a_fit_due(project: Project, bob: User) -> None:
    embed(project)
    publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])

    comparison = compare(project, bob)
    publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])
    retract_comparison(comparison=comparison, by=bob)
    publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])

    assert Snapshot.objects.count() == 3
    assert due_runs() == []


def test_a_changed_setting_makes_a_fit_due_even_when_it_changes_back(project: Project, alice: User) -> None:
    embed(project)
    publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])

    for outcomes in (Project.Outcomes.BINARY, Project.Outcomes.TIES):
        change_project(project=project, by=alice, outcomes=outcomes)
        publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])

    assert Snapshot.objects.count() == 3


def test_trainings_keep_the_projects_distance(db: None, bob: User) -> None:
    Project.objects.all().delete()
    project = make_project("calm", n_pairs=2, seconds_between_trainings=3600)
    embed(project)
    publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])
    project.memberships.create(user=bob, role="annotator")
    compare(project, bob)

    assert due_runs() == []


def test_archived_projects_do_not_train(project: Project, alice: User) -> None:
    archive_project(project=project, by=alice)

    assert due_runs() == []


def test_a_silent_run_is_given_to_another_worker_and_the_first_can_publish_nothing(project: Project) -> None:
    embed(project)
    zombie = claimed(project)
    go_silent(zombie)

    second = claimed(project)
    with pytest.raises(FenceLost):
        publish_snapshot(zombie, content(project), queue=[], disagreements=[])
    publish_snapshot(second, content(project), queue=[], disagreements=[])

    assert Snapshot.objects.count() == 1
    with pytest.raises(FenceLost):
        beat_run(zombie)


def test_a_run_that_fails_three_times_is_parked_with_its_error(project: Project, bob: User) -> None:
    for _ in range(3):
        fail_run(claimed(project), ValueError("bad vectors"))

    run = Run.objects.get()
    assert (run.state, run.error) == (Run.State.PARKED, "ValueError: bad vectors")
    assert due_runs() == []


def test_a_run_whose_worker_dies_three_times_is_parked(project: Project) -> None:
    for _ in range(3):
        go_silent(claimed(project))

    assert due_runs() == []
    assert Run.objects.get().state == Run.State.PARKED


def test_a_parked_run_gets_another_chance_after_an_hour(project: Project) -> None:
    for _ in range(3):
        fail_run(claimed(project), ValueError("no encoder here"))
    Run.objects.update(finished_at=Now() - timedelta(minutes=59))
    assert due_runs() == []

    Run.objects.update(finished_at=Now() - timedelta(minutes=61))

    assert claimed(project).attempt == 1


def test_new_material_gives_a_parked_project_another_chance(project: Project) -> None:
    for _ in range(3):
        fail_run(claimed(project), ValueError("bad vectors"))
    make_pair(project, 99)

    assert len(due_runs()) == 1


def test_a_run_that_gets_on_between_its_failures_is_not_parked(project: Project) -> None:
    for done in range(5):
        run = claimed(project)
        report_progress(run, done=done, total=5)
        go_silent(run)

    assert Run.objects.get().state == Run.State.RUNNING
    assert claimed(project).attempt == 2


def test_a_run_that_fails_at_its_first_step_each_time_is_parked(project: Project) -> None:
    for _ in range(3):
        run = claimed(project)
        report_progress(run, done=0, total=5)
        fail_run(run, ValueError("bad text"))

    assert Run.objects.get().state == Run.State.PARKED


def test_a_long_run_goes_behind_those_that_wait_and_loses_no_attempt(project: Project) -> None:
    long = claimed(project)
    other = make_project("other", n_pairs=1)
    due_runs()

    assert give_way(long)

    assert [run.project for run in due_runs()] == [other, project]
    again = claim_run(long.pk)
    assert again is not None
    assert again.attempt == 1


def test_a_long_run_keeps_on_where_none_waits(project: Project) -> None:
    run = claimed(project)

    assert not give_way(run)

    beat_run(run)


def test_a_fit_that_finds_responses_without_vectors_is_due_again_after_their_embedding(project: Project) -> None:
    embed(project)

    send_back_to_embedding(claimed(project))

    embed(project)
    run = claimed(project)
    assert (run.kind, run.attempt) == (Run.Kind.FIT, 1)
    assert Snapshot.objects.count() == 0


def test_a_second_fit_of_the_same_rows_and_settings_stores_nothing(project: Project, bob: User) -> None:
    embed(project)
    first = publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])
    late = Run.objects.create(
        project=project, kind=Run.Kind.FIT, watermark="read too early", created_at=Now(), heartbeat_at=Now()
    )
    run = claim_run(late.pk)
    assert run is not None

    second = publish_snapshot(run, content(project), queue=[], disagreements=[])

    assert second == first
    assert Snapshot.objects.count() == 1
    assert due_runs() == []


def test_publishing_replaces_the_queue_and_the_disagreements(project: Project, bob: User) -> None:
    comparison = compare(project, bob, Outcome.FIRST)
    embed(project)
    pairs = list(project.pairs.order_by("shuffle"))

    snapshot = publish_snapshot(
        claimed(project),
        content(project),
        queue=[Queued(pairs[3].pk, 0.6, 0.02), Queued(pairs[1].pk, 0.5)],
        disagreements=[Surprising(comparison.pk, 0.1, 2.3)],
    )

    assert [row.pair for row in project.queue.all()] == [pairs[3], pairs[1]]
    assert project.disagreements.get().surprise == 2.3
    assert snapshot.seconds_behind is not None
    assert snapshot.seconds_behind >= 0
