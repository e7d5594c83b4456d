"""The rate limit: a count of requests in a window, told in Cloudflare's headers.

Cloudflare: 1,200 requests in 5 minutes for a user or token, then refused for 5 minutes, with
`Ratelimit: "default";r=50;t=30` (remaining, seconds until the window ends) on every answer.
"""

import math
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

WINDOW_SECONDS = 300.0


class Allowance(NamedTuple):
    """Whether the request at hand is one too many, and the headers that say how many are left."""

    is_exceeded: bool
    headers: Mapping[str, str]


class RateLimit:
    """`quota` requests in `window` seconds, counted from the first of them."""

    def __init__(self, quota: int, window: float = WINDOW_SECONDS) -> None:
        self._quota, self._window = quota, window
        self._lock = threading.Lock()
        self._count, self._ends = 0, 0.0

    def take(self) -> Allowance:
        """Counts one request."""
        with self._lock:
            now = time.monotonic()
            if now >= self._ends:
                self._count, self._ends = 0, now + self._window
            self._count += 1
            remaining, wait = self._quota - self._count, math.ceil(self._ends - now)
        headers = {
            "Ratelimit": f'"default";r={max(remaining, 0)};t={wait}',
            "Ratelimit-Policy": f'"default";q={self._quota};w={self._window:.0f}',
        }
        if remaining < 0:
            return Allowance(True, {**headers, "Retry-After": str(wait)})
        return Allowance(False, headers)
