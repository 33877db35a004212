"""The Celery application. Tasks live in trainer/tasks.py; `celery -A annotate worker -Q train` starts a trainer."""

from typing import Any

from celery import Celery
from celery.concurrency import get_implementation
from celery.concurrency.solo import TaskPool
from celery.signals import worker_init

from annotate.environment import read_settings

read_settings()
app = Celery("tiebreak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trainer"])


@worker_init.connect
def insist_on_solo(sender: Any, **_: object) -> None:
    """Refuse every pool but `solo`: a process that has CUDA must not fork, and a trainer's shelf is not for threads."""
    if get_implementation(sender.pool_cls) is not TaskPool:
        raise SystemExit("Tiebreak's workers run one task at a time: leave --pool out. For more, start more workers.")
