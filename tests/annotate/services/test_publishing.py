"""What a finished run leaves: once, whole, and with the age of the verdict that somebody waited for."""

import pytest
from django.db.models.functions import Now

from annotate.models import Comparison, Outcome, Project, Run, Snapshot, Study, User
from annotate.services.comparing import retract_comparison
from annotate.services.publishing import Queued, Surprising, publish_snapshot, publish_study
from annotate.services.training import FenceLost, claim_run, due_runs
from tests.annotate.api.material import make_snapshot
from tests.annotate.services.runs import claimed, content, embed, go_silent
from tests.factories import compare

pytestmark = pytest.mark.django_db


def publish(project: Project) -> Snapshot:
    return publish_snapshot(claimed(project), content(project), queue=[], disagreements=[])


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


def test_a_snapshot_knows_the_one_it_went_on_from(project: Project, bob: User) -> None:
    embed(project)
    first = publish(project)
    compare(project, bob)

    second = publish(project)

    assert (first.parent, second.parent) == (None, first)


def test_after_an_undo_nobody_waited(project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    embed(project)
    assert publish(project).seconds_behind is not None

    retract_comparison(comparison=comparison, by=bob)

    assert publish(project).seconds_behind is None


def test_imported_verdicts_are_not_waited_for(project: Project, bob: User) -> None:
    compare(project, bob)
    Comparison.objects.update(source=Comparison.Source.IMPORT)
    embed(project)

    assert publish(project).seconds_behind is None


def test_the_newest_unseen_verdict_counts_and_not_the_import_after_it(project: Project, bob: User) -> None:
    embed(project)
    publish(project)
    compare(project, bob)
    imported = compare(project, bob)
    Comparison.objects.filter(pk=imported.pk).update(source=Comparison.Source.IMPORT)

    assert publish(project).seconds_behind is not None


def make_run(project: Project) -> Run:
    run = Run.objects.create(
        project=project, kind=Run.Kind.STUDY, watermark="study 41", created_at=Now(), heartbeat_at=Now()
    )
    claim = claim_run(run.pk)
    assert claim is not None
    return claim


def test_a_study_takes_the_place_of_the_one_before(project: Project) -> None:
    snapshot = make_snapshot(project)
    for n in (50, 60):
        publish_study(make_run(project), snapshot, findings={"n": n}, style_free=None, seconds=1)

    assert Study.objects.get().findings == {"n": 60}
    assert not Run.objects.exclude(state=Run.State.DONE).exists()


def test_a_style_free_head_is_kept_with_its_snapshot_when_later_studies_have_none(project: Project) -> None:
    snapshot = make_snapshot(project)
    publish_study(make_run(project), snapshot, findings={}, style_free=b"plain words", seconds=1)
    publish_study(make_run(project), snapshot, findings={}, style_free=None, seconds=1)

    assert bytes(Snapshot.objects.get().style_free or b"") == b"plain words"


def test_a_study_whose_run_was_taken_over_stores_nothing(project: Project) -> None:
    snapshot, run = make_snapshot(project), make_run(project)
    go_silent(run)
    due_runs()
    claim_run(run.pk)

    with pytest.raises(FenceLost):
        publish_study(run, snapshot, findings={}, style_free=b"w", seconds=1)

    assert not Study.objects.exists()
    assert Snapshot.objects.get().style_free is None
