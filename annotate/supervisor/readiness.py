"""Is everything up? Each program is asked for a real answer, and the ones that give none are named."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from http.client import HTTPConnection, HTTPException

from django.db import DatabaseError
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotate.models import Pulse
from annotate.selectors.liveness import beat_since

Check = Callable[[], bool]

ASK_EVERY_SECONDS = 0.25
REPORT_EVERY_SECONDS = 20.0
PATIENCE_SECONDS = 180.0


class Readiness:
    """Asks each check until it has answered once, and keeps the time."""

    def __init__(self, checks: Mapping[str, Check], *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._missing = dict(checks)
        self._began = self._reported = time.monotonic()
        self._asked = -ASK_EVERY_SECONDS
        self._patience_seconds = patience_seconds

    def reached(self) -> bool:
        """Say whether every check has answered; ask the missing ones if it is time to."""
        now = time.monotonic()
        if now - self._asked >= ASK_EVERY_SECONDS:
            self._asked = now
            self._missing = {name: check for name, check in self._missing.items() if not check()}
        return not self._missing

    def over(self) -> bool:
        return time.monotonic() - self._began > self._patience_seconds

    def complaint(self) -> str | None:
        """Return who has not answered, now and then and when patience is over; None in between."""
        names = " and ".join(self._missing)
        if self.over():
            waited = f"{self._patience_seconds:.0f} s"
            return f"Not ready after {waited}: no answer from {names}. The lines above may say why."
        if time.monotonic() - self._reported < REPORT_EVERY_SECONDS:
            return None
        self._reported = time.monotonic()
        return f"Still waiting for {names}."


def redis_answers(url: str) -> bool:
    """Say at once whether the broker answers. Celery spells the address of a Unix socket in its own way."""
    at_once = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}
    with suppress(RedisError, OSError), Redis.from_url(url.replace("redis+socket:", "unix:"), **at_once) as client:
        return bool(client.ping())
    return False


def web_answers(port: int) -> bool:
    """Say whether the web server gives any answer that is no server error."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def pulse_came(process: Pulse.Process, since: datetime) -> bool:
    """Say whether the process has shown a sign of life since then."""
    with suppress(DatabaseError):
        return beat_since(process, since)
    return False
