"""The desk: what it makes of rows that are not as they should be. The whole way of a run is in tests/faults."""

from uuid import uuid4

import numpy as np
import pytest

from annotate.models import (
    Comparison,
    Disagreement,
    Embedding,
    Outcome,
    Project,
    Response,
    Role,
    Run,
    Snapshot,
    Stream,
    User,
)
from annotate.services.asking_again import ask_again
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison
from annotate.services.embeddings import store_embeddings
from annotate.services.training import claim_run, due_runs, finish_run
from tests.factories import compare, make_member, make_pair
from tests.trainer.crowd import Crowd
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


def test_a_disagreement_comes_with_a_control_of_a_pair_that_was_not_asked_again() -> None:
    crowd = Crowd(n_pairs=60)
    crowd.judge(50)
    crowd.learn()
    worst = Disagreement.objects.order_by("-surprise").first()
    assert worst is not None
    assert worst.control is not None
    assert worst.control_p_left_out is not None
    rosa = make_member(crowd.project, "rosa", role=Role.RESEARCHER)

    ask_again(project=crowd.project, top=1, by=rosa)
    crowd.judge(1)
    crowd.learn()

    chose_first = worst.control.outcome == Outcome.FIRST
    assert (worst.control_p_left_out >= 0.5) == chose_first
    surprising = Disagreement.objects.values_list("comparison__assignment__pair", flat=True)
    controls = Disagreement.objects.exclude(control=None).values_list("control__assignment__pair", flat=True)
    assert len(set(controls)) == len(controls) > 0
    assert not set(controls) & {*surprising, worst.control.assignment.pair_id, worst.comparison.assignment.pair_id}


def test_what_is_said_again_teaches_the_head_and_is_in_no_headline_figure() -> None:
    crowd = Crowd(n_pairs=60)
    crowd.judge(60)
    before = crowd.learn().metrics
    rosa = make_member(crowd.project, "rosa", role=Role.RESEARCHER)
    asked = ask_again(project=crowd.project, top=5, by=rosa)
    for person in crowd.people:
        while lent := lease_pairs(project=crowd.project, annotator=person):
            record_comparison(assignment=lent[0], outcome=Outcome.FIRST, client_key=uuid4(), by=person)

    after = crowd.learn().metrics

    said = Comparison.objects.filter(assignment__stream=Stream.AGAIN).count()
    assert said == asked.n_surprising + asked.n_controls > 0
    assert after["n"] == before["n"] + said
    assert (after["audit_n"], after["tuning_n"], after["people_n"]) == (
        before["audit_n"], before["tuning_n"], before["people_n"]
    )  # fmt: skip
