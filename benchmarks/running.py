"""The whole application, or its web server alone, with this process's Django on the same database."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.management import call_command

from annotate.supervisor.programs import web_program
from tests.application import ROOT, Application, application
from tests.faults.database import Database
from tests.servers import free_port, wait_until

WEB = {"WEB_WORKERS": "2", "WEB_THREADS": "8"}


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


@contextmanager
def serving() -> Iterator[tuple[int, Database]]:
    """Start the web server alone, in production mode, and set up Django here; yield its port and its database."""
    with tempfile.TemporaryDirectory(prefix="tiebreak-serving-") as directory:
        os.environ |= {
            "TIEBREAK_DATA_DIR": directory,
            "DEBUG": "0",
            "SECURE": "0",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DJANGO_SETTINGS_MODULE": "annotate.settings",
        }
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        port = free_port()
        workers, threads = (int(os.environ.get(name, default)) for name, default in WEB.items())
        program = web_program(port=port, workers=workers, threads=threads)
        server = subprocess.Popen(program.command, env={**os.environ, **program.environment}, cwd=ROOT)
        try:
            from annotate.supervisor.readiness import web_answers  # it reads settings

            wait_until(lambda: web_answers(port), what="the web server")
            yield port, Database(os.environ.get("DATABASE_URL") or f"{directory}/tiebreak.sqlite3")
        finally:
            server.terminate()
            server.wait(timeout=30)
