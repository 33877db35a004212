"""The application as a person starts it: `manage.py` in a process, a data directory and an environment of its own."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
OURS = ("DEBUG", "DATABASE_URL", "REDIS_URL", "PORT", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "TIEBREAK_DATA_DIR")


class Application:
    """A supervisor that was started, what it has printed, and where it serves."""

    def __init__(self, data_dir: Path, *flags: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.lines: list[str] = []
        self._reading = True
        own = {"PORT": str(self.port), "TIEBREAK_DATA_DIR": str(data_dir)}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *flags],
            cwd=ROOT,
            env=_environment(**(own | environment)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        Thread(target=self._read, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def sign_in_link(self) -> str:
        """Return the one-time link for the site admin, as printed."""
        return next(line for line in self.lines if line.startswith(f"{self.address}/"))

    def wait_until_ready(self, seconds: float = 150.0) -> None:
        """Wait for the line that says so and the link after it; fail with all that was printed if neither comes."""
        link = re.compile(rf"^{self.address}/.+$", re.MULTILINE)
        try:
            wait_until(lambda: self._ended() or bool(link.search(self.output)), seconds=seconds)
        except TimeoutError:
            raise AssertionError(f"not ready after {seconds:.0f} s:\n{self.output}") from None
        assert not self._ended(), self.output

    def says(self, text: str, *, seconds: float = 60.0) -> None:
        """Wait until it has printed a text."""
        try:
            wait_until(lambda: text in self.output, seconds=seconds)
        except TimeoutError:
            raise AssertionError(f"never said {text!r}:\n{self.output}") from None

    def ask(self, query: str) -> str:
        """Return the one value that a query of its SQLite database gives."""
        with closing(sqlite3.connect(f"file:{self.data_dir / 'tiebreak.sqlite3'}?mode=ro", uri=True)) as database:
            return str(database.execute(query).fetchone()[0])

    def stop_reading(self) -> None:
        """Close its output after the next line, as `| head` does."""
        self._reading = False

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        if not self._ended():
            self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))
                if not self._reading:
                    return


@contextmanager
def application(*flags: str, **environment: str) -> Iterator[Application]:
    """Start the application, without waiting for it, in a data directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tiebreak-app-") as directory:
        started = Application(Path(directory), *flags, **environment)
        try:
            yield started
        finally:
            started.stop()


def manage(*arguments: str, **environment: str) -> str:
    """Run a management command to its end and return what it printed; fail with its complaint if it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment(**own: str) -> dict[str, str]:
    """Return our environment without anything that the tests' own settings or a developer set for Tiebreak."""
    foreign = {name: value for name, value in os.environ.items() if name not in OURS}
    return foreign | {"DEBUG": "1"} | own
