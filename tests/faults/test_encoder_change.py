"""A project changes its encoder, and the trainer is killed half way: what serves goes on serving until it switches."""

from hashlib import sha256

import pytest

from tests.faults.installation import RECOVERY_SECONDS, Installation, Subject
from tests.processes import kill
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

N_PAIRS = 300
VECTORS = (
    "SELECT e.id, e.vector FROM annotate_embedding e JOIN annotate_response r ON r.id = e.response_id"
    " WHERE r.project_id = ? AND e.encoder_key {} ? ORDER BY e.id"
)


def vectors(subject: Subject, comparison: str, key: str) -> list[tuple[int, str]]:
    rows = subject.rows(VECTORS.format(comparison), key)
    return [(pk, sha256(bytes(vector)).hexdigest()) for pk, vector in rows]


def encoder_key(subject: Subject) -> str:
    return str(subject.rows("SELECT encoder_key FROM annotate_project WHERE id = ?")[0][0])


def newest_snapshot(subject: Subject) -> tuple[int, str]:
    query = "SELECT number, encoder_key FROM annotate_snapshot WHERE project_id = ? ORDER BY number DESC LIMIT 1"
    ((number, key),) = subject.rows(query)
    return int(number), str(key)


def test_a_change_survives_a_kill_and_switches_once_everything_is_embedded(installation: Installation) -> None:
    subject = installation.add_project("changing", n_pairs=N_PAIRS)
    subject.catch_up()
    old = encoder_key(subject)
    old_vectors = vectors(subject, "=", old)

    installation.shell("choose_layers('changing', (-1,))")
    wait_until(lambda: bool(vectors(subject, "<>", old)), seconds=RECOVERY_SECONDS, what="a chunk of new vectors")
    kill(installation.process("train"))
    before_kill = vectors(subject, "<>", old)
    subject.judge()
    number, serving = newest_snapshot(subject)
    wait_until(lambda: newest_snapshot(subject)[1] != old, seconds=RECOVERY_SECONDS, what="a head on the new vectors")

    new = encoder_key(subject)
    new_vectors = vectors(subject, "=", new)
    assert 0 < len(before_kill) < 2 * N_PAIRS
    assert (number, serving) == (1, old)
    assert new_vectors[: len(before_kill)] == before_kill
    assert len(new_vectors) == len(old_vectors) == 2 * N_PAIRS
    assert vectors(subject, "=", old) == old_vectors
    assert subject.rows("SELECT next_encoder FROM annotate_project WHERE id = ?")[0][0] in (None, "null")
    keys = subject.rows("SELECT encoder_key FROM annotate_snapshot WHERE project_id = ? ORDER BY number")
    assert [key for (key,) in keys] == sorted([key for (key,) in keys], key=[old, new].index)
