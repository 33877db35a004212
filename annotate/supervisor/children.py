"""One running program: started in a process group of its own, its lines handed on, restarted when it dies."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Thread

from annotate.supervisor.programs import Program

BACKOFF_SECONDS = (0.2, 1.0, 2.0, 4.0)
DEATHS_WITHIN_SECONDS = 120.0


class Child:
    """A program and its present process. `say(name, line)` is called from a thread of the child's own."""

    def __init__(self, program: Program, environment: Mapping[str, str], say: Callable[[str, bytes], None]) -> None:
        self.name = program.name
        self.stops_last = program.stops_last
        self.log = program.log
        self.group = 0
        self.restart_at: float | None = None
        self._command = program.command
        self._environment = {**program.environment, **environment}
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths: deque[float] = deque(maxlen=len(BACKOFF_SECONDS) + 1)

    def start(self) -> None:
        self.restart_at = None
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.group = self._process.pid
        Thread(target=self._relay, args=(self._process.stdout,), daemon=True).start()

    def ended(self) -> int | None:
        """Return the exit status of a process that has ended, or None while it runs or is not started."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        if self._process and self.running:
            self._process.terminate()

    def clear(self) -> None:
        """Kill what is left of the process and of everything that it started, and forget it."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def plan_restart(self) -> bool:
        """Choose when to start again after a death, later each time; return False if it has died too often."""
        now = time.monotonic()
        self._deaths.append(now)
        recent = sum(now - death < DEATHS_WITHIN_SECONDS for death in self._deaths)
        if recent > len(BACKOFF_SECONDS):
            return False
        self.restart_at = now + BACKOFF_SECONDS[recent - 1]
        return True

    def _relay(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._say(self.name, line)
