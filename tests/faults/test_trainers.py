"""A trainer started by hand, as docs/operations.md says: it forks nothing, and ends promptly when it is told to."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.application import ROOT
from tests.faults.installation import RECOVERY_SECONDS, Installation, Subject
from tests.processes import processes
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

N_PAIRS = 700
EMBEDDED = (
    "SELECT count(*) FROM annotate_embedding e JOIN annotate_response r ON r.id = e.response_id WHERE r.project_id = ?"
)


def documented_command() -> list[str]:
    found = re.search(r"`celery (-A annotate worker -Q train[^`]*)`", (ROOT / "docs" / "operations.md").read_text())
    assert found, "docs/operations.md does not say how to start a trainer"
    return [sys.executable, "-m", "celery", *shlex.split(found[1])]


@contextmanager
def paused(installation: Installation) -> Iterator[None]:
    """Let the supervised trainer hold still, at a moment when it holds no lock that others would wait for."""
    trainer = installation.process("train")
    try:
        wait_until(lambda: _stopped_between_writes(trainer, installation), what="a moment between two writes")
        yield
    finally:
        os.kill(trainer, signal.SIGCONT)


def _stopped_between_writes(trainer: int, installation: Installation) -> bool:
    os.kill(trainer, signal.SIGSTOP)
    if installation.database.is_free():
        return True
    os.kill(trainer, signal.SIGCONT)
    return False


@contextmanager
def only_trainer(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """Run the documented command while the supervised trainer holds still."""
    environment = {**os.environ, **installation.environment, "DEBUG": "1"}
    del environment["DJANGO_SETTINGS_MODULE"]
    with paused(installation):
        started = subprocess.Popen(documented_command(), env=environment, cwd=ROOT, start_new_session=True)
        try:
            yield started
        finally:
            started.kill()
            started.wait()


def n_embedded(subject: Subject) -> int:
    return int(subject.rows(EMBEDDED)[0][0])


def test_it_embeds_and_fits_in_one_process(installation: Installation) -> None:
    subject = installation.add_project("by-hand")

    with only_trainer(installation) as trainer:
        subject.catch_up()
        group = [
            process.pid for process in processes() if process.group == trainer.pid or process.parent == trainer.pid
        ]

    assert group == [trainer.pid]


def test_told_to_end_it_puts_an_embed_run_back_and_the_next_one_goes_on(installation: Installation) -> None:
    with only_trainer(installation) as trainer:
        subject = installation.add_project("ended", n_pairs=N_PAIRS)
        wait_until(lambda: n_embedded(subject) > 0, seconds=RECOVERY_SECONDS, what="a chunk of vectors")

        trainer.terminate()
        status = trainer.wait(timeout=60)
        left, run = n_embedded(subject), subject.newest_run("embed")

    assert status == 0
    assert 0 < left < 2 * N_PAIRS
    assert (run["state"], run["error"]) == ("queued", "")
    subject.catch_up()
    assert n_embedded(subject) == 2 * N_PAIRS
    assert subject.newest_run("embed")["id"] == run["id"]
