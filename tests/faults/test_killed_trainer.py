"""The trainer is killed with -9 in the middle of its work, and started again by the supervisor."""

import time
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pytest

from tests.faults.installation import RECOVERY_SECONDS, Installation, Subject
from tests.processes import kill, processes
from tests.servers import wait_until
from trainer.head import Head

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

N_TEXTS = 520  # several chunks of the encoder


@dataclass(frozen=True)
class Aftermath:
    """What was killed, and what was there at that moment."""

    computing: Subject
    publishing: Subject
    embedding: Subject
    killed: list[int]
    embedded_before: list[tuple[int, str]]


@pytest.fixture(scope="module")
def aftermath(installation: Installation) -> Aftermath:
    """Kill the trainer while it embeds, computes and publishes, one project each, and wait until all have recovered."""
    computing, publishing = installation.add_project("computing"), installation.add_project("publishing")
    for subject in (computing, publishing):
        subject.catch_up()
    embedding = installation.add_project("embedding", n_pairs=N_TEXTS // 2)
    wait_until(lambda: bool(_embedded(embedding)), seconds=RECOVERY_SECONDS, what="a chunk of vectors")
    killed = [_kill(installation)]
    embedded_before = _embedded(embedding)
    killed += [_kill_during_fit(computing, wait_seconds=0), _kill_during_fit(publishing, wait_seconds=1)]
    for subject in (computing, publishing, embedding):
        subject.catch_up()
    return Aftermath(computing, publishing, embedding, killed, embedded_before)


def _kill_during_fit(subject: Subject, *, wait_seconds: float) -> int:
    """Kill the trainer after it has taken up a fit and before it can publish; judge again where it was too quick."""
    database = subject.installation.database
    for _ in range(20):
        before = subject.count("snapshot")
        subject.judge()
        wait_until(lambda: subject.is_at_work("fit") or subject.has_caught_up(), seconds=RECOVERY_SECONDS)
        with database.publishing_blocked():
            if subject.count("snapshot") == before and subject.is_at_work("fit"):
                time.sleep(wait_seconds)
                return _kill(subject.installation)
        subject.catch_up()
    raise AssertionError("the trainer was always quicker than we")


def _kill(installation: Installation) -> int:
    trainer = installation.process("train")
    kill(trainer)
    return trainer


def _embedded(subject: Subject) -> list[tuple[int, str]]:
    """Return the ids of the project's vectors with a digest of each."""
    rows = subject.rows(
        "SELECT e.id, e.vector FROM annotate_embedding e JOIN annotate_response r ON r.id = e.response_id"
        " WHERE r.project_id = ? ORDER BY e.id"
    )
    return [(pk, sha256(bytes(vector)).hexdigest()) for pk, vector in rows]


def test_a_fit_that_was_killed_is_done_once_and_on_the_second_attempt(aftermath: Aftermath) -> None:
    for subject in (aftermath.computing, aftermath.publishing):
        run = subject.newest_run("fit")
        assert (run["state"], run["attempt"], run["error"]) == ("done", 2, "")
        assert (
            subject.rows(
                "SELECT watermark FROM annotate_snapshot WHERE project_id = ? GROUP BY watermark HAVING count(*) > 1"
            )
            == []
        )
        assert subject.count("snapshot") == subject.count("comparison") + 1


def test_every_snapshot_loads_and_is_what_its_digest_says(aftermath: Aftermath) -> None:
    for subject in (aftermath.computing, aftermath.publishing, aftermath.embedding):
        for weights, digest in subject.rows("SELECT weights, digest FROM annotate_snapshot WHERE project_id = ?"):
            assert sha256(bytes(weights)).hexdigest() == digest
            assert np.isfinite(Head.from_bytes(bytes(weights)).weights_D).all()


def test_embedding_goes_on_where_it_was_stopped(aftermath: Aftermath) -> None:
    embedded = _embedded(aftermath.embedding)

    assert 0 < len(aftermath.embedded_before) < N_TEXTS
    assert embedded[: len(aftermath.embedded_before)] == aftermath.embedded_before
    assert len(embedded) == N_TEXTS


def test_nothing_is_left_running(aftermath: Aftermath) -> None:
    assert not set(aftermath.killed) & {process.pid for process in processes()}
    for subject in (aftermath.computing, aftermath.publishing, aftermath.embedding):
        unfinished = "SELECT * FROM annotate_run WHERE project_id = ? AND state IN ('queued', 'running')"
        assert subject.rows(unfinished) == []
