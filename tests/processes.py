"""What runs on this machine, as `ps` sees it."""

import os
import signal
import subprocess
from dataclasses import dataclass

from tests.servers import wait_until


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    group: int
    state: str
    command: str

    @property
    def dead(self) -> bool:
        """Say whether only its exit status is left."""
        return self.state.startswith("Z")


def processes() -> list[Process]:
    listed = subprocess.run(
        ["ps", "-ewwo", "pid=,ppid=,pgid=,state=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=4) for line in listed.stdout.splitlines()]
    found = [Process(int(row[0]), int(row[1]), int(row[2]), row[3], " ".join(row[4:])) for row in rows]
    return [process for process in found if not process.dead]


def started_by(supervisor: int) -> list[Process]:
    """Return the supervisor's children and everybody in their process groups."""
    everybody = processes()
    groups = {process.group for process in everybody if process.parent == supervisor}
    return [process for process in everybody if process.group in groups]


def child(supervisor: int, mark: str) -> int:
    """Return the process id of the supervisor's child whose command contains `mark`, waiting for it to be there."""
    wait_until(lambda: bool(_children(supervisor, mark)), what=mark)
    return _children(supervisor, mark)[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def wait_for_end_of(ended: list[Process], *, seconds: float = 20.0) -> None:
    """Wait until none of the processes is left."""
    pids = {process.pid for process in ended}
    wait_until(lambda: not pids & {process.pid for process in processes()}, seconds=seconds, what=f"the end of {ended}")


def _children(supervisor: int, mark: str) -> list[int]:
    return [process.pid for process in processes() if process.parent == supervisor and mark in process.command]
