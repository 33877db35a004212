"""Runs: due once, claimed once, finished once."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from annotate.models import Pair, Project, Run, Snapshot, User
from annotate.services.comparing import retract_comparison
from annotate.services.projects import archive_project, change_project
from annotate.services.publishing import publish_snapshot
from annotate.services.training import (
    FenceLost,
    beat_run,
    claim_run,
    due_runs,
    fail_run,
    finish_run,
    give_way,
    report_progress,
    send_back_to_embedding,
)
from tests.annotate.services.runs import claimed, content, embed, go_silent
from tests.factories import compare, make_pair, make_project

pytestmark = pytest.mark.django_db


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


def judged(project: Project, annotator: User, n: int) -> None:
    """Have the annotator judge as many more pairs, and the head learn them."""
    for _ in range(n):
        make_pair(project, 1000 + Pair.objects.count())
        compare(project, annotator)
    run_of(Run.Kind.EMBED)
    publish_snapshot(run_of(Run.Kind.FIT), content(project), queue=[], disagreements=[])


def run_of(kind: Run.Kind) -> Run:
    """Claim the due run of a kind; an embed run is done at once."""
    run = claim_run(next(run.pk for run in due_runs() if run.kind == kind))
    assert run is not None
    if kind == Run.Kind.EMBED:
        finish_run(run, covers=run.watermark)
    return run


def is_study_due() -> bool:
    return Run.Kind.STUDY in [run.kind for run in due_runs()]


def test_a_study_comes_at_fifty_comparisons_and_at_every_tenth_more(project: Project, bob: User) -> None:
    judged(project, bob, 49)
    assert not is_study_due()

    judged(project, bob, 1)
    study = run_of(Run.Kind.STUDY)
    finish_run(study, covers=study.watermark)
    judged(project, bob, 1)
    after_one_more = is_study_due()
    judged(project, bob, 5)

    assert not after_one_more
    assert is_study_due()


def test_a_study_neither_waits_for_a_fit_nor_holds_one_up(project: Project, bob: User) -> None:
    judged(project, bob, 50)
    study = run_of(Run.Kind.STUDY)

    compare(project, bob)

    assert [run.kind for run in due_runs()] == [Run.Kind.FIT]
    fail_run(study, ValueError("no study"))
    assert {run.kind for run in due_runs()} == {Run.Kind.FIT, Run.Kind.STUDY}


def test_a_setting_that_a_study_depends_on_makes_one_due(project: Project, bob: User, alice: User) -> None:
    judged(project, bob, 50)
    study = run_of(Run.Kind.STUDY)
    finish_run(study, covers=study.watermark)

    change_project(project=project, by=alice, style_effects=True)

    assert is_study_due()
