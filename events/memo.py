"""A value that a process keeps for a moment, so that hot paths ask the database less often."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """The last answer of `load`, at most `seconds` old; threads may load it twice, no worse."""

    def __init__(self, load: Callable[[], T], *, seconds: float) -> None:
        self._load = load
        self._seconds = seconds
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """The value, loaded anew if it is too old."""
        now, kept = time.monotonic(), self._kept
        if kept is None or now - kept[0] > self._seconds:
            kept = self._kept = now, self._load()
        return kept[1]

    def kept(self) -> T | None:
        """The value that was loaded last, however old; None if there is none."""
        kept = self._kept
        return None if kept is None else kept[1]

    def forget(self) -> None:
        """Load at the next `get`."""
        self._kept = None
