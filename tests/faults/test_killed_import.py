"""An import is killed with -9: nothing of it is seen, what it left is removed, and the same file can be imported."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application import OURS, ROOT
from tests.faults.installation import RECOVERY_SECONDS, Installation, Subject
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

N_ROWS = 2000
HELD = "SELECT count(*) FROM annotate_pair p JOIN annotate_import i ON i.hold_id = p.project_id WHERE i.project_id = ?"
TABLES = ("project", "import", "prompt", "response", "pair")


@pytest.fixture
def subject(installation: Installation) -> Iterator[Subject]:
    yield installation.add_project("imported")
    archived = "UPDATE annotate_project SET archived_at = CURRENT_TIMESTAMP WHERE slug = 'imported'"
    installation.database.change(archived)  # nobody needs its material embedded


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = (
        {"id": f"q{number}", "prompt": f"Is {number} a number?", "response_a": "Yes.", "response_b": "No."}
        for number in range(N_ROWS)
    )
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def importing(installation: Installation, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "import_pairs", str(file), "--project", "imported"]
    foreign = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.Popen(command, cwd=ROOT, env=foreign | {"DEBUG": "1"} | installation.environment)


def everything(installation: Installation) -> dict[str, int]:
    return {table: installation.database.one(f"SELECT count(*) FROM annotate_{table}") for table in TABLES}


def test_a_killed_import_is_not_seen_and_leaves_nothing(
    installation: Installation, subject: Subject, file: Path
) -> None:
    before, seen = everything(installation), subject.count("pair")
    process = importing(installation, file)
    wait_until(lambda: subject.rows(HELD) > [(0,)], seconds=RECOVERY_SECONDS, what="the first rows")
    process.kill()
    process.wait()
    assert 0 < subject.rows(HELD)[0][0] < N_ROWS
    subject.judge()
    assert subject.count("pair") == seen

    installation.database.change("UPDATE annotate_import SET beat_at = ?", "2020-01-01 00:00:00")
    wait_until(lambda: everything(installation) == before, seconds=RECOVERY_SECONDS, what="the sweep")

    assert importing(installation, file).wait() == 0
    assert subject.count("pair") == seen + N_ROWS
