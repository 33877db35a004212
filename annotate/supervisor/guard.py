"""The supervisor's side of the pipe to its guardian (guardian.py)."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("guardian.py")


class Guard:
    """Tells the guardian which process groups run. `lock` stays held until the guardian has done its work as well."""

    def __init__(self, lock: int) -> None:
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
        )

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    @property
    def alive(self) -> bool:
        return self._guardian.poll() is None

    def dismiss(self) -> None:
        """Close the pipe and wait: the guardian ends what it still knows of, which is nothing after a clean stop."""
        self._guardian.communicate()

    def _tell(self, line: str) -> None:
        if self.alive and self._guardian.stdin:
            self._guardian.stdin.write(line.encode())
            self._guardian.stdin.flush()
