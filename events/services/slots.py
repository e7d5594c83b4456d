"""Places for requests that wait for the API: fewer than there are threads to serve pages.

While Cloudflare is slow, everybody who sends holds a thread. What finds no place waits for the
worker instead, so that other people's pages never wait. While it is quick, a place is free soon.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

WAIT_SECONDS = 2.0
# Who has held a place for longer shows that the API is slow: nobody waits for that one.
SLOW_SECONDS = 0.5
_STEP_SECONDS = 0.05


class Slots:
    """`most` places in this process."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._held: dict[object, float] = {}

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Whether there is a place; it is held until the end of the block."""
        if not self._is_taken():
            yield False
            return
        place = object()
        self._held[place] = time.monotonic()
        try:
            yield True
        finally:
            del self._held[place]
            self._free.release()

    def _is_taken(self) -> bool:
        ends = time.monotonic() + WAIT_SECONDS
        while not self._free.acquire(timeout=_STEP_SECONDS):
            now = time.monotonic()
            if now > ends or any(now - since > SLOW_SECONDS for since in [*self._held.values()]):
                return False
        return True


slots = Slots(settings.API_CALLS_AT_ONCE)
