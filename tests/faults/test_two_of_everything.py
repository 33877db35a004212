"""A second ticker and a second trainer on the same database and Redis, and a trainer that comes back from the dead."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from annotate.supervisor.programs import ticker_program, trainer_program
from tests.faults.installation import Installation, Subject
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ALL_RUNS = "SELECT state, attempt, error FROM annotate_run WHERE project_id = ?"
BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND starts_with(query, 'INSERT INTO "annotate_snapshot"')
"""


class Zombie:
    """A project whose trainer was stopped on the point of publishing, and whose run another trainer has done since."""

    def __init__(self, installation: Installation) -> None:
        self.subject, self.beside = installation.add_project("undead", n_pairs=30), installation.add_project("waiting")
        self.subject.catch_up()
        self.beside.catch_up()
        database = installation.database
        with database.publishing_blocked():
            self.subject.judge()
            wait_until(lambda: database.one(BLOCKED) == 1, what="a trainer that waits to publish")
            self._trainer = installation.process("train")
            os.kill(self._trainer, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self._trainer, signal.SIGCONT)


@pytest.fixture(scope="module")
def zombie(postgresql_installation: Installation) -> Iterator[Zombie]:
    stopped = Zombie(postgresql_installation)
    try:
        yield stopped
    finally:
        stopped.wake()


@pytest.fixture(scope="module")
def two_of_everything(postgresql_installation: Installation, zombie: Zombie) -> Iterator[Subject]:
    """Start the second ones once the first trainer is out of the way; return the project."""
    with ExitStack() as running:
        for program in (trainer_program(), ticker_program()):
            running.enter_context(postgresql_installation.another(program))
        yield zombie.subject


def test_nothing_piles_up_in_redis_while_there_is_no_trainer(
    postgresql_installation: Installation, zombie: Zombie
) -> None:
    wait_until(lambda: zombie.subject.status()["training_paused"], what="silence")
    waiting = postgresql_installation.broker.n_waiting("train")

    zombie.beside.judge()
    for _ in range(3):
        postgresql_installation.wait_for_pulse("ticker")

    assert zombie.beside.newest_run("fit")["state"] == "queued"
    assert postgresql_installation.broker.n_waiting("train") == waiting


def test_another_trainer_does_the_run_and_the_first_publishes_nothing_when_it_wakes(
    zombie: Zombie, two_of_everything: Subject
) -> None:
    two_of_everything.catch_up()
    zombie.beside.catch_up()
    assert two_of_everything.newest_run("fit")["attempt"] == 2

    zombie.wake()

    for _ in range(3):
        two_of_everything.judge()
        two_of_everything.catch_up()
    assert {row[0] for row in two_of_everything.rows(ALL_RUNS)} == {"done"}


def test_ten_verdicts_in_a_row_give_no_run_that_failed(two_of_everything: Subject) -> None:
    for _ in range(10):
        comparison = two_of_everything.judge()
    two_of_everything.retract(comparison)
    two_of_everything.catch_up()

    *_, (newest, seen) = two_of_everything.rows(
        "SELECT number, n_comparisons FROM annotate_snapshot WHERE project_id = ? ORDER BY number"
    )
    assert seen == two_of_everything.count("comparison") - 1
    assert newest == two_of_everything.count("snapshot")
    assert {row[2] for row in two_of_everything.rows(ALL_RUNS)} == {""}
