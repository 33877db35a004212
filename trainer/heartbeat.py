"""A heart that beats beside a piece of work for as long as the work may be getting on, and no longer.

A thread that beats for ever would keep a computation alive that hangs (a driver, a lock, a disk): its run would never
be given to another worker. Nothing in Python can interrupt it, so in the end its process has to go.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


@contextmanager
def beating(
    beat: Callable[[], bool],
    *,
    progress: Callable[[], object],
    give_up: Callable[[], None],
    every_seconds: float,
    patience_seconds: float,
    at_end: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Call `beat` every so often while the block runs; `give_up` once `progress` has not changed for the patience.

    All of it happens in a thread, which ends when `beat` returns False, and calls `at_end` in any case.
    """
    over = threading.Event()

    def live() -> None:
        try:
            _beat_on(over, beat, progress, give_up, every_seconds, patience_seconds)
        finally:
            at_end()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat_on(
    over: threading.Event,
    beat: Callable[[], bool],
    progress: Callable[[], object],
    give_up: Callable[[], None],
    every_seconds: float,
    patience_seconds: float,
) -> None:
    seen, since = progress(), monotonic()
    while not over.wait(every_seconds):
        if (now := progress()) != seen:
            seen, since = now, monotonic()
        if monotonic() - since > patience_seconds:
            return give_up()
        if not beat():
            return None
    return None
