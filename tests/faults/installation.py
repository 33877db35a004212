"""Tiebreak as `manage.py up` starts it, with all that can fail within reach: processes, broker, database."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from annotate.supervisor.programs import Program
from tests.application import ROOT, Application, application, manage
from tests.faults.broker import Broker, private_broker
from tests.faults.database import Database
from tests.faults.visitor import PASSWORD, Answer, Visitor
from tests.processes import child
from tests.servers import wait_until

# Recovery must come within two and a half minutes (I6); what takes longer has failed.
RECOVERY_SECONDS = 150.0
MARK = """
SELECT (SELECT count(*) FROM annotate_comparison WHERE project_id = p.id),
       (SELECT coalesce(max(id), 0) FROM annotate_comparison WHERE project_id = p.id),
       (SELECT coalesce(max(id), 0) FROM annotate_comparisonevent WHERE project_id = p.id),
       (SELECT count(*) FROM annotate_pair WHERE project_id = p.id),
       (SELECT count(*) FROM annotate_response WHERE project_id = p.id)
FROM annotate_project p WHERE p.id = ?
"""


class Installation:
    """The running application and the site admin's ways in."""

    def __init__(self, app: Application, broker: Broker, database: Database) -> None:
        self.app = app
        self.broker = broker
        self.database = database
        token = self.shell(f"give_key({PASSWORD!r})").strip()
        self.admin = Visitor(app.address, token)

    def shell(self, code: str) -> str:
        """Run code among the functions of tests/faults/material.py, inside the application's own Django."""
        return manage("shell", "--no-imports", "-c", f"from tests.faults.material import *; {code}", **self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """Return what another process needs to be part of this installation."""
        own = {"TIEBREAK_DATA_DIR": str(self.app.data_dir), "REDIS_URL": self.broker.url}
        return own | ({"DATABASE_URL": self.database.address} if self.database.kind == "postgresql" else {})

    def add_project(self, slug: str, n_pairs: int = 8) -> "Subject":
        """Make a project; its material is embedded and its first head fitted as soon as the trainer sees it."""
        self.shell(f"add_project({slug!r}, {n_pairs})")
        return Subject(self, slug, self.database.one("SELECT id FROM annotate_project WHERE slug = ?", slug))

    @contextmanager
    def another(self, program: Program) -> Iterator[None]:
        """Run one more of a program beside the supervised one, as a second machine would."""
        environment = {**os.environ, **program.environment, **self.environment, "DEBUG": "1"}
        del environment["DJANGO_SETTINGS_MODULE"]
        started = subprocess.Popen(program.command, env=environment, cwd=ROOT, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()

    def process(self, queue: str) -> int:
        """Return the process id of the worker of a queue: `tick` or `train`."""
        return child(self.app.process.pid, f"--queues={queue}")

    def pulse(self, process: str) -> str:
        return str(self.database.one("SELECT beat_at FROM annotate_pulse WHERE process = ?", process))

    def wait_for_pulse(self, process: str, *, seconds: float = RECOVERY_SECONDS) -> None:
        """Wait for a sign of life after this moment."""
        before = self.pulse(process)
        wait_until(lambda: self.pulse(process) > before, seconds=seconds, what=f"a pulse of the {process}")


@dataclass(frozen=True)
class Subject:
    """One project of an installation, as its admin judges in it and as its rows tell."""

    installation: Installation
    slug: str
    pk: int

    @property
    def path(self) -> str:
        return f"/p/{self.slug}/"

    def judge(self, choice: str = "left") -> Answer:
        """Judge the next pair over the API."""
        call = self.installation.admin.call
        lent = call("POST", f"projects/{self.slug}/assignments/")
        assert lent.status == 201, self._why(lent)
        (assignment,) = lent.json["assignments"]
        stored = call("POST", f"assignments/{assignment['id']}/comparison/", client_key=str(uuid4()), outcome=choice)
        assert stored.status == 201, self._why(stored)
        return stored

    def _why(self, answer: Answer) -> str:
        return "\n".join([str(answer), *self.installation.app.lines[-40:]])

    def retract(self, comparison: Answer) -> None:
        undone = self.installation.admin.call("POST", f"comparisons/{comparison.json['id']}/retract/")
        assert undone.status == 200, undone

    def status(self) -> Any:
        return self.installation.admin.call("GET", f"projects/{self.slug}/status/").json

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query gives whose first `?` is the project."""
        return self.installation.database.rows(query, self.pk, *values)

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM annotate_{table} WHERE project_id = ?")[0][0])

    def newest_run(self, kind: str) -> dict[str, Any]:
        """Return the newest run of a kind, with nothing in it before there is one."""
        names = ("id", "state", "attempt", "done", "total", "error")
        columns = ", ".join(names)
        query = f"SELECT {columns} FROM annotate_run WHERE project_id = ? AND kind = ? ORDER BY id DESC LIMIT 1"
        return {name: value for row in self.rows(query, kind) for name, value in zip(names, row, strict=True)}

    def is_at_work(self, kind: str) -> bool:
        return self.newest_run(kind).get("state") == "running"

    def has_caught_up(self) -> bool:
        """Say whether the newest snapshot covers every row, by counts of our own."""
        ((comparisons, last, event, pairs, responses),) = self.rows(MARK)
        covered = f"c{comparisons}.{last} e{event} p{pairs} r{responses} "
        newest = "SELECT watermark FROM annotate_snapshot WHERE project_id = ? ORDER BY number DESC LIMIT 1"
        return any(watermark.startswith(covered) for (watermark,) in self.rows(newest))

    def catch_up(self, *, seconds: float = RECOVERY_SECONDS) -> None:
        wait_until(self.has_caught_up, seconds=seconds, what=f"a snapshot of every row of {self.slug}")


@contextmanager
def installation_on(database_url: str | None) -> Iterator[Installation]:
    """Start everything on a broker that the tests hold, and on a database of its own."""
    own = {"DATABASE_URL": database_url} if database_url else {}
    with private_broker() as broker, application(REDIS_URL=broker.url, **own) as app:
        app.wait_until_ready()
        yield Installation(app, broker, Database(database_url or str(app.data_dir / "tiebreak.sqlite3")))
