"""Messages come twice, not at all, or to nobody: the rows decide what is done, and Redis is only the messenger."""

import os
from pathlib import Path

import pytest
from celery import Celery

from tests.faults.installation import RECOVERY_SECONDS, Installation
from tests.processes import kill, processes
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def test_a_run_whose_message_comes_many_times_is_done_once(sqlite_installation: Installation) -> None:
    subject = sqlite_installation.add_project("delivered")
    subject.catch_up()
    before = subject.newest_run("fit")["id"]
    postman = Celery(broker=sqlite_installation.broker.url)

    subject.judge()
    wait_until(lambda: subject.newest_run("fit")["id"] != before, what="the run")
    for _ in range(20):
        postman.send_task("trainer.tasks.work", (subject.newest_run("fit")["id"],), queue="train")
    wait_until(lambda: sqlite_installation.broker.n_waiting("train") == 0, what="the end of the messages")
    subject.catch_up()

    assert subject.count("snapshot") == 2
    assert subject.rows("SELECT attempt, error FROM annotate_run WHERE project_id = ?") == 3 * [(1, "")]


def test_an_emptied_redis_heals_with_the_next_tick(sqlite_installation: Installation) -> None:
    subject = sqlite_installation.add_project("forgotten")
    subject.catch_up()

    sqlite_installation.broker.forget_everything()
    subject.judge()
    sqlite_installation.broker.forget_everything()

    subject.catch_up()


def test_the_beat_that_dies_inside_the_ticker_comes_back(sqlite_installation: Installation) -> None:
    ticker = sqlite_installation.process("tick")
    (beat,) = [process.pid for process in processes() if process.parent == ticker]

    kill(beat)

    wait_until(lambda: ticker not in {process.pid for process in processes()}, what="the end of the ticker")
    sqlite_installation.wait_for_pulse("ticker")


def test_nothing_stays_open_after_a_fit(sqlite_installation: Installation) -> None:
    subject = sqlite_installation.add_project("tidy")
    subject.judge()
    subject.catch_up()
    before = n_open_files(sqlite_installation.process("train"))

    for _ in range(5):
        subject.judge()
        subject.catch_up()

    wait_until(lambda: n_open_files(sqlite_installation.process("train")) <= before + 1, what="closed files")


def test_other_projects_learn_while_a_large_import_is_embedded(sqlite_installation: Installation) -> None:
    small = sqlite_installation.add_project("small")
    small.catch_up()
    large = sqlite_installation.add_project("large", n_pairs=260)
    wait_until(lambda: large.is_at_work("embed"), seconds=RECOVERY_SECONDS, what="the embedding")

    small.judge()
    small.catch_up()

    assert large.newest_run("embed")["state"] != "done"
    large.catch_up()


def n_open_files(pid: int) -> int:
    opened = Path(f"/proc/{pid}/fd")
    if not opened.is_dir():
        pytest.skip("needs /proc to count open files")
    return len(os.listdir(opened))
