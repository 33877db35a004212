"""The Celery application. Tasks live in trainer/tasks.py; `celery -A annotate worker -Q train` starts a trainer."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotate.settings")
app = Celery("tiebreak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trainer"])
