"""How many requests of a kind one person may send: a plain count for each stretch of time, at the cost of one addition.

Counted in each web process for itself. DRF's own throttle keeps the moment of every request, and pickles them all at
each one.
"""

import time
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle


class CountingThrottle(ScopedRateThrottle):
    """Count a person's requests of the view's scope in whole stretches (`600/min`: of a minute)."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = view.throttle_scope
        most, stretch = self.parse_rate(self.get_rate())
        now = time.time()
        self._seconds_left = stretch - now % stretch
        key = f"{self.get_cache_key(request, view)}:{now // stretch}"
        self.cache.add(key, 0, stretch)
        return bool(self.cache.incr(key) <= most)

    def wait(self) -> float:
        """Return the seconds after which to ask again."""
        return float(self._seconds_left)
