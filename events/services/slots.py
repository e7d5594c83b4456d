"""Places for requests that wait for the API: fewer than there are threads to serve pages.

While Cloudflare is slow, everybody who sends holds a thread. What finds no place waits for the
worker instead, so that other people's pages never wait.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

# So long a person may wait for a place: where the API is quick, one is free long before.
WAIT_SECONDS = 0.25


class Slots:
    """`most` places in this process."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def slot(self, wait: float = WAIT_SECONDS) -> Iterator[bool]:
        """Whether there is a place; it is held until the end of the block."""
        has_place = self._free.acquire(timeout=wait)
        try:
            yield has_place
        finally:
            if has_place:
                self._free.release()


slots = Slots(settings.API_CALLS_AT_ONCE)
