"""SQLite whose writers queue: Django's own backend, but waiting for the one writer's lock is short and fair.

SQLite's busy handler sleeps up to 100 ms between looks, so under load a writer that came later goes first. Here the
threads of a process wait in line, and only the first of them looks, every millisecond.
"""

import threading
from random import uniform
from time import monotonic, sleep
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

SECONDS_BETWEEN_LOOKS = (0.0005, 0.0015)
_first_in_line = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection; it is first in line from BEGIN IMMEDIATE until its transaction ends."""

    _holds_line = False

    def _start_transaction_under_autocommit(self) -> None:
        give_up_at = monotonic() + self._patience()
        if not _first_in_line.acquire(timeout=self._patience()):
            raise OperationalError("database is locked: too many writers wait in this process")
        self._holds_line = True
        try:
            self._begin(give_up_at)
        except BaseException:
            self._leave_line()
            raise

    def _begin(self, give_up_at: float) -> None:
        """Begin as soon as no other process writes; SQLite itself does not wait meanwhile."""
        self._look_for(seconds=0)
        try:
            while True:
                try:
                    return super()._start_transaction_under_autocommit()
                except OperationalError as error:
                    if "locked" not in str(error) or monotonic() > give_up_at:
                        raise
                sleep(uniform(*SECONDS_BETWEEN_LOOKS))
        finally:
            self._look_for(seconds=self._patience())

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)
        if autocommit:
            self._leave_line()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave_line()

    def _leave_line(self) -> None:
        if self._holds_line:
            self._holds_line = False
            _first_in_line.release()

    def _look_for(self, *, seconds: float) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _patience(self) -> float:
        options: dict[str, Any] = self.settings_dict["OPTIONS"]
        return float(options.get("timeout", 5))
