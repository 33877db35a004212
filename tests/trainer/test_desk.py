"""The desk: what it makes of rows that are not as they should be. The whole way of a run is in tests/faults."""

import numpy as np
import pytest

from annotate.models import Embedding, Project, Response, Run, Snapshot, User
from annotate.services.embeddings import store_embeddings
from annotate.services.training import claim_run, due_runs, finish_run
from tests.factories import compare, make_pair
from trainer import desk, shelf
from trainer.head import Head

pytestmark = pytest.mark.django_db

SIZE = 16


@pytest.fixture(autouse=True)
def empty_shelf() -> None:
    """Keep nothing of other tests, whose rows had the same ids."""
    shelf._shelves.clear()


def embedded(project: Project) -> None:
    """Give every response of the project a vector, so that a fit is what comes next."""
    random, key = np.random.default_rng(0), "some-encoder"
    Project.objects.filter(pk=project.pk).update(encoder_key=key)
    for response in Response.objects.filter(project=project).order_by("pk"):
        vector = random.normal(size=SIZE).astype("<f2")
        store_embeddings(encoder_key=key, vectors=[(response.pk, vector.tobytes())])
    run = claimed(project)
    finish_run(run, covers=run.watermark)


def claimed(project: Project) -> Run:
    (due,) = due_runs()
    run = claim_run(due.pk)
    assert run is not None
    return run


def give_a_vector(vector: np.ndarray) -> Embedding:
    """Overwrite one stored vector and return its row."""
    row = Embedding.objects.order_by("pk")[0]
    row.vector = vector.astype("<f2").tobytes()
    row.save()
    return row


def test_a_fit_publishes_a_head_that_loads(project: Project, bob: User) -> None:
    embedded(project)
    compare(project, bob)

    desk.perform(claimed(project))

    head = Head.from_bytes(bytes(Snapshot.objects.get().weights))
    assert head.weights_D.shape == (SIZE,)
    assert np.isfinite(head.weights_D).all()
    assert project.queue.count() == 4


def test_material_that_comes_between_embedding_and_fit_is_embedded_first(project: Project) -> None:
    embedded(project)
    fit = claimed(project)
    make_pair(project, 99)

    desk.perform(fit)

    assert Snapshot.objects.count() == 0
    assert claimed(project).kind == Run.Kind.EMBED
    assert not Run.objects.exclude(error="").exists()


def test_vectors_of_another_encoder_are_not_used(project: Project) -> None:
    embedded(project)
    Embedding.objects.update(encoder_key="an older one")

    desk.perform(claimed(project))

    assert Snapshot.objects.count() == 0
    assert claimed(project).kind == Run.Kind.EMBED


@pytest.mark.parametrize("spoiled", [np.ones(SIZE - 1), np.full(SIZE, np.nan)])
def test_a_spoiled_vector_fails_the_fit_until_it_is_mended(project: Project, bob: User, spoiled: np.ndarray) -> None:
    embedded(project)
    compare(project, bob)
    fit = claimed(project)
    row = give_a_vector(spoiled)

    with pytest.raises((ValueError, RuntimeError)):
        desk.perform(fit)
    row.vector = np.ones(SIZE, "<f2").tobytes()
    row.save()
    desk.perform(fit)

    assert Snapshot.objects.count() == 1
