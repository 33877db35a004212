"""The change from one encoder to another: in the background, in one step, and back. Real processes: tests/faults."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from annotate.models import Embedding, Project, Run, Snapshot, User
from annotate.services.encoders import EncoderSettings, choose_encoder
from annotate.services.training import claim_run, due_runs
from tests.factories import compare, make_pair
from tests.trainer.runs import OTHER, THIRD, TINY, claim, do_all, stopping_after
from trainer import desk, embedding
from trainer.weights import EncoderError

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(tiny_project: Project) -> Project:
    return tiny_project


def keys_of(project: Project) -> set[str]:
    rows = Embedding.objects.filter(response__project=project)
    return set(rows.values_list("encoder_key", flat=True))


def test_another_encoder_takes_over_in_one_step(project: Project, alice: User, bob: User) -> None:
    do_all()
    before = Project.objects.get()
    choose_encoder(project=project, settings=OTHER, by=alice)

    kinds = do_all()

    after = Project.objects.get()
    assert kinds == [Run.Kind.REEMBED, Run.Kind.FIT]
    assert after.encoder_key != before.encoder_key
    assert (after.next_encoder, after.encoder["layers"]) == (None, [-1])
    assert list(Snapshot.objects.order_by("number").values_list("encoder_key", flat=True)) == [
        before.encoder_key,
        after.encoder_key,
    ]


def test_until_every_response_is_embedded_anew_the_fits_go_on_with_the_old_vectors(
    project: Project, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, encoded: list[str]
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 4)
    do_all()
    old = Project.objects.get().encoder_key
    choose_encoder(project=project, settings=OTHER, by=alice)
    run = claim(Run.Kind.REEMBED)
    monkeypatch.setattr(embedding._stopping, "is_set", stopping_after(2))
    desk.perform(run)
    monkeypatch.setattr(embedding._stopping, "is_set", lambda: False)
    half_way = Embedding.objects.exclude(encoder_key=old).count()

    compare(project, bob)
    desk.perform(claim(Run.Kind.FIT))
    snapshot = Snapshot.objects.order_by("-number")[0]
    queue = project.queue.count()
    encoded.clear()
    rest = do_all()

    assert 0 < half_way < 10
    assert (snapshot.encoder_key, snapshot.n_comparisons, snapshot.number) == (old, 1, 2)
    assert queue > 0
    assert rest == [Run.Kind.REEMBED, Run.Kind.FIT]
    assert len(encoded) == 10 - half_way
    assert Snapshot.objects.order_by("-number")[0].encoder_key == Project.objects.get().encoder_key != old


def test_texts_that_come_during_a_change_are_read_by_both_encoders(
    project: Project, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_all()
    old = Project.objects.get().encoder_key
    choose_encoder(project=project, settings=OTHER, by=alice)
    (reembedding,) = due_runs()
    make_pair(project, 99)

    desk.perform(claim(Run.Kind.EMBED))
    desk.perform(claim(Run.Kind.FIT))
    in_between = Snapshot.objects.order_by("-number")[0]
    claimed = claim_run(reembedding.pk)
    assert claimed is not None
    desk.perform(claimed)

    new = Project.objects.get().encoder_key
    assert in_between.encoder_key == old != new
    assert [Embedding.objects.filter(encoder_key=key).count() for key in (old, new)] == [12, 12]


def test_no_text_without_a_vector_survives_a_switch(
    project: Project, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_all()
    choose_encoder(project=project, settings=OTHER, by=alice)
    run = claim(Run.Kind.REEMBED)
    late = import_during(embedding._embed_missing, lambda: make_pair(project, 99))
    monkeypatch.setattr(embedding, "_embed_missing", late)

    desk.perform(run)

    key = Project.objects.get().encoder_key
    assert Embedding.objects.filter(encoder_key=key).count() == project.responses.count() == 12


def import_during(embed_missing: Callable[..., bool], change: Callable[[], object]) -> Callable[..., bool]:
    """Return a function that does the same, and then the change, the first time."""
    changes: Iterator[Callable[[], object]] = iter([change])

    def embed_then_change(*arguments: Any) -> bool:
        done = embed_missing(*arguments)
        next(changes, lambda: None)()
        return done

    return embed_then_change


def test_a_change_can_be_given_up_half_way(project: Project, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 4)
    do_all()
    before = Project.objects.get()
    choose_encoder(project=project, settings=OTHER, by=alice)
    run = claim(Run.Kind.REEMBED)
    choose_encoder(project=project, settings=TINY, by=alice)  # "auto" again: what is in use says which it was
    choose_encoder(project=project, settings=EncoderSettings(**before.encoder), by=alice)

    desk.perform(run)

    after = Project.objects.get()
    assert (after.encoder_key, after.encoder, after.next_encoder) == (before.encoder_key, before.encoder, None)
    assert do_all() == []


def test_going_back_by_one_change_encodes_nothing_and_older_vectors_go(
    project: Project, alice: User, encoded: list[str]
) -> None:
    keys = []
    for settings in (TINY, OTHER, THIRD):
        choose_encoder(project=project, settings=settings, by=alice)
        do_all()
        keys.append(Project.objects.get().encoder_key)
    kept = keys_of(project)
    encoded.clear()

    choose_encoder(project=project, settings=OTHER, by=alice)
    do_all()

    assert len(set(keys)) == 3
    assert kept == {keys[1], keys[2]}
    assert encoded == []
    assert Project.objects.get().encoder_key == keys[1]


def test_vectors_of_a_released_snapshot_stay(project: Project, alice: User) -> None:
    do_all()
    Snapshot.objects.update(released_at=Now())
    keys = [Project.objects.get().encoder_key]
    for settings in (OTHER, THIRD):
        choose_encoder(project=project, settings=settings, by=alice)
        do_all()
        keys.append(Project.objects.get().encoder_key)

    assert keys_of(project) == set(keys)


def test_an_encoder_that_cannot_be_loaded_leaves_the_one_in_use(project: Project, alice: User, tmp_path: Path) -> None:
    do_all()
    before = Project.objects.get().encoder_key
    (tmp_path / "encoders" / "empty").mkdir()
    choose_encoder(project=project, settings=EncoderSettings(model="empty"), by=alice)

    with pytest.raises(EncoderError, match="has no config"):
        desk.perform(claim(Run.Kind.REEMBED))

    assert Project.objects.get().encoder_key == before
