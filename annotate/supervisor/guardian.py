"""Stops what the supervisor started if the supervisor itself is killed: it holds the other end of a pipe.

Run as a script of its own, outside the supervisor's session, with nothing imported that need not be: it costs 8 MB.
Its input is one line per event, `+12` when process group 12 has started and `-12` when it has ended.
"""

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_SECONDS = 5.0


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        running.add(group) if line[0] == "+" else running.discard(group)
    end(running)


def end(groups: set[int]) -> None:
    """Ask the process groups to stop, and kill what is left of them after GRACE_SECONDS."""
    send(signal.SIGTERM, groups)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    send(signal.SIGKILL, groups)


def send(number: signal.Signals, groups: set[int]) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def alive(group: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, 0)
        return True
    return False


if __name__ == "__main__":
    main()
