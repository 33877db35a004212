"""`manage.py replay` from end to end, in processes of its own: it makes a database, which must not be the tests'."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.application import manage
from tests.servers import wait_until
from tests.source import ROOT
from tests.trainer.replay.recorded import recorded_file, recorded_rows

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

PLAN = ("--labels", "12", "--every", "6", "--held-out", "0.25")


def replay(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command and return what it printed, whether it failed or not."""
    return subprocess.run(
        [sys.executable, "manage.py", "replay", str(file), *options],
        cwd=ROOT,
        env={"DEBUG": "1", "TIEBREAK_DATA_DIR": str(file.parent), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_replay_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file, out = recorded_file(tmp_path), tmp_path / "results.json"
    command = [sys.executable, "manage.py", "replay", str(file), *PLAN, "--seeds", "2", "--out", str(out)]
    with subprocess.Popen(
        command, cwd=ROOT, env={"DEBUG": "1", "TIEBREAK_DATA_DIR": str(tmp_path), "PATH": ""}
    ) as process:
        wait_until(out.exists, seconds=200, what="the first finished run")
        process.send_signal(signal.SIGKILL)
    kept = json.loads(out.read_text())["runs"]

    printed = replay(file, *PLAN, "--seeds", "2", "--out", str(out))

    assert printed.returncode == 0, printed.stderr
    assert f"{len(kept)} runs are there already" in printed.stdout
    content = json.loads(out.read_text())
    assert 1 <= len(kept) < 4
    assert content["runs"][: len(kept)] == kept
    assert [(run["strategy"], run["seed"]) for run in content["runs"]] == [
        (name, seed) for seed in (0, 1) for name in ("vopt", "random")
    ]
    assert set(content["summary"]) == {"pairs", "prompts", "precision_of_surprise"}
    assert ElementTree.parse(tmp_path / "results.svg").getroot().tag.endswith("svg")


def test_of_a_file_with_one_prompt_only_pairs_are_held_out(tmp_path: Path) -> None:
    rows = [row | {"prompt": "Which is better?"} for row in recorded_rows(n_prompts=1)]

    printed = replay(recorded_file(tmp_path, rows), "--labels", "3", "--strategy", "random", "--held-out", "0.4")

    assert printed.returncode == 0, printed.stderr
    assert "no prompt can be spared" in printed.stdout
    assert "held-out pairs" in printed.stdout
    assert "held-out prompts" not in printed.stdout


def test_the_real_database_is_left_as_it_was(tmp_path: Path) -> None:
    environment = {"TIEBREAK_DATA_DIR": str(tmp_path)}
    manage("migrate", "--verbosity", "0", **environment)
    database = next(path for path in tmp_path.iterdir() if "sqlite" in path.name and path.suffix.startswith(".sqlite"))
    before = database.read_bytes()

    manage("replay", str(recorded_file(tmp_path)), "--labels", "3", "--strategy", "random", **environment)

    assert database.read_bytes() == before
