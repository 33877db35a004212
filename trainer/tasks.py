"""What Celery runs: the tick that hands out work, and the work itself. Rules are in annotate.services.training.

The desk is imported where the work is done: it loads torch, and the process that ticks must stay small.
"""

import logging
import os
import signal
import sys
import threading
from contextlib import AbstractContextManager, suppress
from time import monotonic, sleep
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections, connections

from annotate.models import Pulse, Run
from annotate.selectors.liveness import is_alive
from annotate.selectors.watermark import newest_ids
from annotate.services.arriving import settle_imports
from annotate.services.slots import release_expired
from annotate.services.training import FenceLost, beat_run, claim_run, due_runs, fail_run, record_pulse
from trainer.heartbeat import beating

logger = logging.getLogger(__name__)

SECONDS_OF_SETTLING = 0.3  # of imports whose process has died
SECONDS_OF_WATCH = 0.85  # of the second between two ticks
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_BETWEEN_BEATS = 3.0
SECONDS_OF_PATIENCE = 900.0  # for a fit, or a chunk of texts; the largest fits take minutes
SECONDS_TO_PICK_UP = 20.0  # a message that waited longer is void; clocks of machines may differ by less than this


@shared_task(name="trainer.tasks.tick")
def tick() -> None:
    """Hand out due runs and end what was left alone; until the next tick, answer each verdict at once."""
    close_old_connections()
    over_at = monotonic() + SECONDS_OF_WATCH
    record_pulse(Pulse.Process.TICKER)
    seen = newest_ids()
    _hand_out()
    release_expired()
    settle_imports(seconds=SECONDS_OF_SETTLING)
    while monotonic() < over_at:
        sleep(SECONDS_BETWEEN_LOOKS)
        if (newest := newest_ids()) != seen:
            seen = newest
            _hand_out()


def _hand_out() -> None:
    """Tell the trainers what is due; while none shows itself, nobody would take the messages out of Redis."""
    due = due_runs()
    if is_alive(Pulse.Process.TRAINER):
        for run in due:
            work.apply_async((run.pk,), expires=SECONDS_TO_PICK_UP)


@shared_task(name="trainer.tasks.work")
def work(run_id: int) -> None:
    """Do one run, unless another worker has it or it is over."""
    close_old_connections()
    if run := claim_run(run_id):
        perform(run)


def perform(run: Run) -> None:
    """Do a claimed run to its end: published, put back for another attempt, or given up to a newer claim."""
    from trainer import desk

    try:
        with _beating(run):
            desk.perform(run)
    except FenceLost:
        return
    except Exception as error:
        close_old_connections()
        fail_run(run, error)
        raise


@worker_ready.connect
def end_with_beat(sender: Any, **_: object) -> None:
    """End the ticker when the beat within it dies, for its supervisor to start both again: alone it does nothing."""
    if beat := sender.controller.beat:
        threading.Thread(target=_end_after, args=(beat,), daemon=True).start()


def _end_after(beat: Any) -> None:
    beat.join()
    os.kill(os.getpid(), signal.SIGTERM)


@worker_ready.connect
def start_pulse(sender: Any, **_: object) -> None:
    """Load the desk before the first run, then show for as long as the process lives that a trainer is there."""
    if "train" in sender.app.amqp.queues.consume_from:
        import trainer.desk
        import trainer.embedding

        trainer.embedding.warm_up()
        threading.Thread(target=_pulse_for_ever, daemon=True).start()


@worker_shutting_down.connect
def stop_soon(**_: object) -> None:
    """Let a worker that is told to stop put an embed run back, hours of which may lie ahead. Fits are short."""
    if embedding := sys.modules.get("trainer.embedding"):  # loaded in trainers alone
        embedding.stop_soon()


def _pulse_for_ever() -> None:
    pause = threading.Event()
    while True:
        with suppress(DatabaseTrouble):  # the database may be away for a while; the next beat tries anew
            close_old_connections()
            record_pulse(Pulse.Process.TRAINER)
        pause.wait(SECONDS_BETWEEN_BEATS)


def _beating(run: Run) -> AbstractContextManager[None]:
    """Keep the run's heartbeat going while the work gets on; a lost fence is left to publishing to find."""

    def beat() -> bool:
        try:
            close_old_connections()
            beat_run(run)
        except DatabaseTrouble:  # it may be away for a while; the next beat tries anew
            return True
        except FenceLost:
            return False
        return True

    return beating(
        beat,
        progress=lambda: run.done,
        give_up=lambda: _end_hung(run),
        every_seconds=SECONDS_BETWEEN_BEATS,
        patience_seconds=SECONDS_OF_PATIENCE,
        at_end=connections.close_all,
    )


def _end_hung(run: Run) -> None:
    """End this process: what hangs cannot be stopped otherwise. Its supervisor starts another, which takes the run."""
    logger.critical("%s has not got on for %.0f s: this trainer ends", run, SECONDS_OF_PATIENCE)
    os._exit(os.EX_SOFTWARE)
