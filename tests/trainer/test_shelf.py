"""The shelf: what the mapped file of a project holds, when it is not believed, and when it is given up."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import LazySettings
from django.utils import timezone

from annotate.models import Embedding, Project, Response
from annotate.selectors.training_rows import pair_rows
from annotate.selectors.watermark import watermark
from annotate.services.embeddings import store_embeddings
from tests.factories import make_pair, make_project
from trainer import shelf
from trainer.geometry import Geometry
from trainer.shelf import NotEmbedded, Shelf, clear_shelf, shelf_of, sweep

pytestmark = pytest.mark.django_db

SIZE, KEY = 4, "some-encoder"


@pytest.fixture(autouse=True)
def own_data_dir(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    forget()


@pytest.fixture
def project(db: None) -> Project:
    return make_project(n_pairs=5, encoder_key=KEY)


def forget() -> None:
    """Begin anew, as another process would: with the files alone."""
    shelf._shelves.clear()


def embed(project: Project) -> None:
    """Store a vector for every response that has none: a function of its id, so that any row can be checked."""
    missing = Response.objects.filter(project=project, embeddings=None).values_list("pk", flat=True)
    store_embeddings(encoder_key=KEY, vectors=[(pk, vector(pk).tobytes()) for pk in missing])


def vector(response: int) -> np.ndarray:
    return (np.arange(SIZE) + response % 1000).astype("<f2")


def take(project: Project) -> Shelf:
    return shelf_of(project, watermark(project), pair_rows(project))


def assert_right(taken: Shelf, project: Project) -> None:
    assert taken.response_N.tolist() == sorted(project.responses.values_list("pk", flat=True))
    stored = {row.response_id: bytes(row.vector) for row in Embedding.objects.filter(encoder_key=KEY)}
    for response, row in zip(taken.response_N, taken.embedding_ND, strict=True):
        assert row.tobytes() == stored[response]


def files(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("embeddings/*/*"))


def test_it_holds_every_vector_in_order_of_response(project: Project) -> None:
    embed(project)

    assert_right(take(project), project)


def test_it_grows_by_what_is_new(project: Project) -> None:
    embed(project)
    take(project)
    make_pair(project, 99)
    embed(project)

    assert_right(take(project), project)


def test_another_process_maps_the_file_and_reads_no_vectors_but_the_last(
    project: Project, django_assert_num_queries: object
) -> None:
    embed(project)
    mark, pairs = watermark(project), pair_rows(project)
    take(project)
    forget()
    shelf._sweep_now_and_then()

    with django_assert_num_queries(1):
        taken = shelf_of(project, mark, pairs)

    assert_right(taken, project)


def test_an_id_that_turned_up_late_takes_its_place(project: Project) -> None:
    late = Response.objects.order_by("pk")[3]
    other = make_project("other")
    Response.objects.filter(pk=late.pk).update(project=other)
    embed(project)
    unpaired = replace(pair_rows(project), first=np.empty(0, np.int64), second=np.empty(0, np.int64))
    shelf_of(project, watermark(project), unpaired)
    Response.objects.filter(pk=late.pk).update(project=project)
    embed(project)

    assert_right(take(project), project)


def test_without_a_vector_for_each_response_there_is_no_shelf(project: Project) -> None:
    embed(project)
    make_pair(project, 99)

    with pytest.raises(NotEmbedded):
        take(project)


def test_before_the_first_embedding_there_is_no_shelf(project: Project) -> None:
    project.encoder_key = ""

    with pytest.raises(NotEmbedded):
        take(project)


def test_a_file_that_is_not_of_this_database_is_not_believed(project: Project) -> None:
    """As after a restored backup, when the ids that came after it are given anew."""
    embed(project)
    take(project)
    last = Embedding.objects.order_by("-response_id")[0]
    last.vector = vector(7).tobytes()
    last.save()
    forget()

    assert_right(take(project), project)


def test_the_file_may_be_deleted_at_any_time(project: Project) -> None:
    embed(project)
    take(project)
    clear_shelf(project.pk)
    assert_right(take(project), project)

    for path in files(shelf._root().parent):
        for file in path.iterdir():
            file.unlink()
    make_pair(project, 99)
    embed(project)
    assert_right(take(project), project)


def test_vectors_of_two_keys_are_never_in_one_file(project: Project, tmp_path: Path) -> None:
    embed(project)
    take(project)
    project.encoder_key = "another-encoder"
    for response in project.responses.all():
        store_embeddings(encoder_key="another-encoder", vectors=[(response.pk, np.ones(2, "<f2").tobytes())])

    assert (take(project).embedding_ND == 1).all()
    assert [path.name for path in files(tmp_path)] == ["another-encoder", KEY]


def test_files_of_archived_projects_and_of_encoders_not_in_use_are_removed(project: Project, tmp_path: Path) -> None:
    archived = make_project("archived", n_pairs=2, encoder_key=KEY)
    for one in (project, archived):
        embed(one)
        take(one)
    stale = files(tmp_path)[0].parent / "an-older-encoder"
    stale.mkdir()
    Project.objects.filter(pk=archived.pk).update(archived_at=timezone.now())

    sweep()

    assert files(tmp_path) == [shelf._folder(project) / KEY]
    assert list(shelf._shelves) == [project.pk]


def test_a_file_that_nobody_used_for_a_month_is_removed_and_made_again(project: Project, tmp_path: Path) -> None:
    embed(project)
    take(project)
    (file,) = files(tmp_path)
    os.utime(file, (0, 0))

    sweep()

    assert files(tmp_path) == []
    forget()
    assert_right(take(project), project)


def test_a_file_in_use_stays(project: Project, tmp_path: Path) -> None:
    embed(project)
    take(project)
    os.utime(files(tmp_path)[0], (0, 0))
    take(project)

    sweep()

    assert len(files(tmp_path)) == 1


def test_geometries_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [make_project(f"p{number}", n_pairs=1, encoder_key=KEY) for number in range(4)]
    coordinates_NK = torch.zeros(100, 10)
    geometry = Geometry(1.0, torch.eye(10), coordinates_NK, "made")
    n_bytes = 4 * (1000 + 100)
    monkeypatch.setattr(shelf, "MOST_BYTES", 2 * n_bytes)
    for project in projects:
        embed(project)
        take(project).geometry = geometry

    take(projects[1])
    take(projects[0])

    assert list(shelf._shelves) == [projects[3].pk, projects[1].pk, projects[0].pk]
