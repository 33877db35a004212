"""`manage.py up`: everything comes up, stays up, and goes away together, whatever happens to whom."""

import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.application import ROOT, Application, application
from tests.processes import child, kill, processes, started_by, wait_for_end_of
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

MARKS = {"redis": "redis-server", "web": "gunicorn", "ticker": "--queues=tick", "trainer": "--queues=train"}


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with application() as started:
        started.wait_until_ready()
        yield started


def test_it_says_where_it_is_and_prints_a_link_that_opens(app: Application) -> None:
    assert f"Tiebreak is ready at {app.address}" in app.lines

    with urlopen(app.sign_in_link) as answer:
        assert answer.status == 200


def test_the_data_directory_is_for_its_owner_alone(app: Application) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in app.data_dir.rglob("*")}

    assert (app.data_dir / "tiebreak.sqlite3") in modes
    assert (app.data_dir / "redis" / "redis.sock") in modes
    assert not [path for path, mode in modes.items() if mode & 0o077]


@pytest.mark.parametrize("name", MARKS)
def test_a_program_that_is_killed_is_started_again(app: Application, name: str) -> None:
    before = child(app.process.pid, MARKS[name])

    kill(before)

    app.says(f"{name} was killed by signal 9; starting it again.", seconds=10)
    wait_until(lambda: child(app.process.pid, MARKS[name]) != before, seconds=10)


def test_training_goes_on_after_all_of_that(app: Application) -> None:
    def pulse_of_the_trainer() -> str:
        return app.ask("SELECT beat_at FROM annotate_pulse WHERE process = 'trainer'")

    before = pulse_of_the_trainer()

    wait_until(lambda: pulse_of_the_trainer() > before, seconds=60, what="a pulse of the trainer")


def test_a_second_one_on_the_same_data_says_so_and_leaves(app: Application) -> None:
    second = Application(app.data_dir)

    assert second.process.wait(timeout=30) == 1
    second.says(f"Tiebreak already runs on {app.data_dir} ({app.address}, process {app.process.pid})")


def test_a_port_in_use_is_found_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with application(PORT=str(port)) as refused:
            assert refused.process.wait(timeout=30) == 1
            refused.says(f"Port {port} is in use by another program.")
            assert not (refused.data_dir / "redis" / "redis.sock").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asking_it_to_stop_leaves_nothing_behind(number: signal.Signals) -> None:
    with application() as app:
        app.wait_until_ready()
        started = started_by(app.process.pid)

        status = app.stop(number)

    assert status == 0
    assert len(started) >= 8
    wait_for_end_of(started, seconds=1)


def test_killing_the_supervisor_itself_leaves_nothing_behind() -> None:
    with application() as app:
        app.says("Preparing")
        child(app.process.pid, MARKS["trainer"])
        started = started_by(app.process.pid)

        kill(app.process.pid)

        wait_for_end_of(started)


def test_output_that_nobody_reads_any_more_stops_it() -> None:
    with application() as app:
        app.wait_until_ready()
        started = started_by(app.process.pid)

        app.stop_reading()
        kill(child(app.process.pid, MARKS["ticker"]))  # so that there is a last line to read
        app.says("ticker was killed")
        kill(child(app.process.pid, MARKS["web"]))  # and one that nobody reads

        wait_for_end_of(started)


PROGRAMS = """
import os, sys, django
django.setup()
from annotate.supervisor.preconditions import lock_data_dir
from annotate.supervisor.programs import Program
from annotate.supervisor.readiness import Readiness
from annotate.supervisor.watch import Supervisor
from pathlib import Path

data_dir, patience, *scripts = sys.argv[1:]
programs = [Program(name, ("sh", "-c", script)) for name, script in zip(scripts[::2], scripts[1::2])]
supervisor = Supervisor(programs, environment=os.environ, lock=lock_data_dir(Path(data_dir), "here"))
readiness = Readiness({"never": lambda: False}, patience_seconds=float(patience))
sys.exit(supervisor.run(readiness, on_ready=lambda: "ready"))
"""


def supervise(data_dir: Path, *, patience_seconds: int = 50, **scripts: str) -> subprocess.CompletedProcess[str]:
    """Supervise shell scripts that stand in for the programs and are never ready, to the end."""
    arguments = [part for program in scripts.items() for part in program]
    return subprocess.run(
        [sys.executable, "-c", PROGRAMS, str(data_dir), str(patience_seconds), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_that_keeps_dying_ends_everything(tmp_path: Path) -> None:
    done = supervise(tmp_path, sleeper="sleep 600", broken="echo no model file; exit 3")

    assert done.returncode == 1
    assert "broken  | no model file" in done.stdout
    assert "broken ended with status 3, and it did so too often. Stopping everything" in done.stdout


def test_a_program_that_ignores_being_asked_is_killed_with_its_own_children(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; sh -c 'trap \"\" TERM; echo grandchild $$; sleep 600 & wait' & wait"

    done = supervise(tmp_path, stubborn=stubborn, broken="exit 3")

    assert done.returncode == 1
    grandchild = next(int(line.split()[-1]) for line in done.stdout.splitlines() if "grandchild" in line)
    assert grandchild not in {process.pid for process in processes()}


def test_whoever_does_not_come_up_is_named(tmp_path: Path) -> None:
    done = supervise(tmp_path, sleeper="sleep 600", patience_seconds=2)

    assert done.returncode == 1
    assert "Not ready after 2 s: no answer from never." in done.stdout
