"""The web process alone, as in production, with people and pairs made for the compare screen: it starts in seconds."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from tests.application import ROOT
from tests.servers import free_port, wait_until

PASSWORD = "a long and odd password"


@dataclass(frozen=True)
class Site:
    """Where it serves, and its database."""

    address: str
    database: Path

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return the rows that a query of the database gives."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def change(self, query: str, *values: object) -> None:
        """Change rows behind the application's back, as time or another person would."""
        with closing(sqlite3.connect(self.database, timeout=30)) as database, database:
            database.execute(query, values)

    def person(self, username: str) -> object:
        """Return the person's key in the database."""
        ((pk,),) = self.ask("SELECT id FROM annotate_user WHERE username = ?", username)
        return pk

    def n_verdicts(self, username: str, slug: str) -> int:
        """Return how many standing verdicts the person has in the project, each on an assignment of its own."""
        query = """
            SELECT count(DISTINCT c.assignment_id), count(*)
            FROM annotate_comparison c
            JOIN annotate_assignment a ON a.id = c.assignment_id
            JOIN annotate_user u ON u.id = a.annotator_id
            JOIN annotate_project p ON p.id = c.project_id
            WHERE c.retracted_at IS NULL AND u.username = ? AND p.slug = ?
        """
        ((assignments, rows),) = self.ask(query, username, slug)
        assert assignments == rows, f"{rows} verdicts on {assignments} assignments"
        return int(str(rows))


@contextmanager
def site() -> Iterator[Site]:
    """Serve the application from a data directory of its own until the block ends."""
    with tempfile.TemporaryDirectory(prefix="tiebreak-site-") as directory:
        environment = _environment(directory)
        for step in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"], ["shell", "-v0", "-c", MAKE]):
            subprocess.run([sys.executable, "manage.py", *step], cwd=ROOT, env=environment, check=True)
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "annotate.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "8"]
        log = Path(directory) / "web.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_until(lambda: _answers(port), seconds=60, what="the web server")
            yield Site(f"http://127.0.0.1:{port}", Path(directory) / "tiebreak.sqlite3")
        finally:
            process.terminate()
            process.wait(timeout=30)
        assert "Traceback" not in log.read_text(), log.read_text()


def _answers(port: int) -> bool:
    with closing(socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


MAKE = "from tests.browser.material import make; make()"


def _environment(directory: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.site_settings",
        "TIEBREAK_DATA_DIR": directory,
        "DATABASE_URL": f"sqlite:///{directory}/tiebreak.sqlite3",
        "REDIS_URL": f"redis+socket://{directory}/nobody-listens.sock",
        "DEBUG": "0",
        "SECURE": "0",
        "SECRET_KEY": "for the tests alone " + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    }
