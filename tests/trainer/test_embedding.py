"""Embed runs: chunks, twins, stopping, and files that are not what they were. Real processes: tests/faults."""

from pathlib import Path

import pytest
from django.db.models.functions import Now

from annotate.models import Embedding, Project, Response, Run, Snapshot
from annotate.services.training import MOST_ATTEMPTS, fail_run
from tests.factories import make_pair
from tests.trainer.runs import claim, do_all, stopping_after
from tests.trainer.tiny_models import save_tiny_model
from trainer import desk, embedding
from trainer.weights import EncoderError

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(tiny_project: Project) -> Project:
    return tiny_project


def test_every_response_gets_one_vector_of_the_projects_encoder(project: Project) -> None:
    kinds = do_all()

    project.refresh_from_db()
    assert kinds == [Run.Kind.EMBED, Run.Kind.FIT]
    assert project.encoder_key.startswith("tiny-")
    assert project.encoder["dtype"] in ("bfloat16", "float32")
    assert Embedding.objects.filter(encoder_key=project.encoder_key).count() == project.responses.count() == 10
    snapshot = Snapshot.objects.get()
    assert (snapshot.encoder_key, snapshot.config["encoder"]) == (project.encoder_key, project.encoder)


def test_it_gives_way_after_a_chunk_and_is_taken_up_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, encoded: list[str]
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 4)
    run = claim(Run.Kind.EMBED)
    other = Project.objects.create(slug="other", name="Other")
    waiting = Run.objects.create(project=other, kind=Run.Kind.FIT, watermark="w", created_at=Now(), heartbeat_at=Now())

    desk.perform(run)
    after_a_chunk = Embedding.objects.count()
    waiting.delete()
    run = claim(Run.Kind.EMBED)
    desk.perform(run)

    run.refresh_from_db()
    assert after_a_chunk == 4
    assert Embedding.objects.count() == len(encoded) == 10
    assert (run.state, run.done, run.total) == (Run.State.DONE, 8, 10)


def test_for_an_archived_project_it_ends_after_a_chunk_and_goes_on_once_that_is_resumed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 4)
    run = claim(Run.Kind.EMBED)
    Project.objects.update(archived_at=Now())

    desk.perform(run)
    while_archived = Embedding.objects.count()
    Project.objects.update(archived_at=None)
    do_all()

    run.refresh_from_db()
    assert (run.state, while_archived) == (Run.State.DONE, 4)
    assert Embedding.objects.count() == 10


def test_told_to_stop_it_puts_the_run_back_and_keeps_the_chunks_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 4)
    run = claim(Run.Kind.EMBED)
    monkeypatch.setattr(embedding._stopping, "is_set", stopping_after(2))

    desk.perform(run)

    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.QUEUED, 0)
    assert 0 < Embedding.objects.count() < 10
    monkeypatch.undo()


def test_the_same_text_of_another_source_is_copied(project: Project, encoded: list[str]) -> None:
    do_all()
    encoded.clear()
    old = Response.objects.order_by("pk")[0]
    twin = Response.objects.create(
        project=project, prompt=old.prompt, text=old.text, text_hash=old.text_hash, source="another"
    )

    do_all()

    assert encoded == []
    assert bytes(twin.embeddings.get().vector) == bytes(old.embeddings.get().vector)


def test_twins_in_one_chunk_are_encoded_once(project: Project, encoded: list[str]) -> None:
    old = Response.objects.order_by("pk")[0]
    Response.objects.create(
        project=project, prompt=old.prompt, text=old.text, text_hash=old.text_hash, source="another"
    )

    do_all()

    assert len(encoded) == 10
    assert Embedding.objects.count() == 11


def test_where_an_encoders_files_changed_every_text_is_embedded_anew(project: Project, tmp_path: Path) -> None:
    do_all()
    old = Project.objects.get().encoder_key
    save_tiny_model(tmp_path / "encoders" / "tiny", "bert", seed=1)
    make_pair(project, 99)

    for _ in range(MOST_ATTEMPTS):
        run = claim(Run.Kind.EMBED)
        with pytest.raises(EncoderError, match="files of tiny have changed") as failed:
            desk.perform(run)
        fail_run(run, failed.value)
    kinds = do_all()

    new = Project.objects.get().encoder_key
    assert kinds == [Run.Kind.REEMBED, Run.Kind.EMBED, Run.Kind.FIT]
    assert Embedding.objects.filter(encoder_key=new).count() == 12
    assert Snapshot.objects.order_by("-number")[0].encoder_key == new != old


@pytest.mark.parametrize("name", ["../encoders/tiny", "/etc", ".", "..", "tiny/"])
def test_a_stored_name_never_leads_out_of_the_folder(project: Project, name: str) -> None:
    Project.objects.update(encoder={"model": name})

    with pytest.raises(EncoderError, match="no name of a folder"):
        desk.perform(claim(Run.Kind.EMBED))
