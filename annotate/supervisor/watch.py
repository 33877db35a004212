"""Keeps programs running: shows their lines, restarts what dies, and stops all of them together."""

import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from queue import Empty, SimpleQueue
from types import FrameType

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from annotate.supervisor.children import Child
from annotate.supervisor.guard import Guard
from annotate.supervisor.programs import Program
from annotate.supervisor.readiness import Readiness

STOP_WITHIN_SECONDS = 6.0
OWN_NAME = "up"


class Supervisor:
    """Runs programs until it is told to stop or one of them has died for good."""

    def __init__(self, programs: Iterable[Program], *, environment: Mapping[str, str], lock: int) -> None:
        self._lines: SimpleQueue[Message] = SimpleQueue()
        self._children = [Child(program, environment, self._say) for program in programs]
        self._printer = Printer(sys.stdout, width=max(len(child.name) for child in self._children))
        self._colours = dict(zip((child.name for child in self._children), get_colours(), strict=False))
        self._guard = Guard(lock)
        self._times_asked = 0
        self._muted = False

    def run(self, readiness: Readiness, *, on_ready: Callable[[], str]) -> int:
        """Return the exit status: 0 after a stop that was asked for, 1 after any other."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):  # nohup keeps us running
                signal.signal(number, self._ask)
        try:
            for child in self._children:
                self._start(child)
            return self._watch(readiness, on_ready)
        finally:
            self._stop()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._times_asked += 1

    def _watch(self, readiness: Readiness, on_ready: Callable[[], str]) -> int:
        ready = False
        while not self._times_asked:
            self._show_lines()
            if not all(self._keep_alive(child) for child in self._children):
                return 1
            if not self._guard.alive:
                self._tell("The guardian of these processes has died. Stopping, so that none can be left behind.")
                return 1
            if ready:
                continue
            if readiness.reached():
                ready = True
                self._print(on_ready())
            elif complaint := readiness.complaint():
                self._tell(complaint)
                if readiness.over():
                    return 1
        self._tell("Stopping. Ctrl-C again stops at once.")
        return 0

    def _keep_alive(self, child: Child) -> bool:
        """Start the child again when it has died and its time has come; return False if it died for good."""
        if child.restart_at is not None:
            if time.monotonic() >= child.restart_at:
                self._start(child)
            return True
        status = child.ended()
        if status is None:
            return True
        self._clear(child)
        died = f"{child.name} {_ending(status)}"
        if child.plan_restart():
            self._tell(f"{died}; starting it again.")
            return True
        self._tell(f"{died}, and it did so too often. Stopping everything; {child.log} should say why.")
        return False

    def _start(self, child: Child) -> None:
        child.start()
        self._guard.watch(child.group)

    def _clear(self, child: Child) -> None:
        child.clear()
        self._guard.forget(child.group)

    def _stop(self) -> None:
        for last in (False, True):
            self._stop_these([child for child in self._children if child.stops_last is last])
        self._guard.dismiss()
        self._show_lines()

    def _stop_these(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_WITHIN_SECONDS
        while any(child.running for child in children):
            if time.monotonic() > deadline or self._times_asked > 1:
                break
            self._show_lines()
        for child in children:
            self._clear(child)

    def _say(self, name: str, line: bytes | str) -> None:
        self._lines.put(Message("line", line, datetime.now(), name, self._colours.get(name)))

    def _tell(self, text: str) -> None:
        self._say(OWN_NAME, text)
        self._show_lines()

    def _show_lines(self) -> None:
        """Print what has come, and wait a moment if that is nothing."""
        try:
            self._show(self._lines.get(timeout=0.1))
            while True:
                self._show(self._lines.get_nowait())
        except Empty:
            return

    def _show(self, message: Message) -> None:
        try:
            if not self._muted and message.data.strip():
                self._printer.write(message)
        except OSError:
            self._output_has_gone()

    def _print(self, text: str) -> None:
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except OSError:
            self._output_has_gone()

    def _output_has_gone(self) -> None:
        """Stop in good order when nobody reads our lines any more (a closed terminal, `make run | head`)."""
        self._muted = True
        self._times_asked += 1


def _ending(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
