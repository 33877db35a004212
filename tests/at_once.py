"""Many threads released at one moment, each with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(work: Callable[[T], object], items: Sequence[T]) -> list[object]:
    """Run `work` on every item in a thread of its own, all released at one moment; return results or exceptions."""
    gate = threading.Barrier(len(items))

    def run(item: T) -> object:
        try:
            gate.wait()
            return work(item)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))
