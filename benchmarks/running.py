"""The whole application, started as `make run` starts it, with this process's Django on the same database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django

from tests.application import Application, application


@contextmanager
def running(**environment: str) -> Iterator[Application]:
    """Start everything on a fresh SQLite database (or DATABASE_URL's, which must be empty) and set up Django here."""
    if address := os.environ.get("DATABASE_URL"):
        environment["DATABASE_URL"] = address
    with application(**environment) as app:
        app.wait_until_ready()
        own = {"TIEBREAK_DATA_DIR": str(app.data_dir), "DJANGO_SETTINGS_MODULE": "annotate.settings"}
        os.environ |= {"DEBUG": "1"} | own
        django.setup()
        yield app
