"""Whose turn it is to write: first come, first served.

SQLite lets those who wait for its write lock sleep longer and longer, and whoever asks at the right
moment goes first: under load most wait little and a few wait very long. Here only one of a process
asks at a time, and asks often; the others stand in line for that. Between processes their firsts
ask equally often, which was measured to be as fair as a line of processes.

The line is left as soon as SQLite gave the lock, so that nothing has to be released at the end of a
transaction, however it ends.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import TypeVar

T = TypeVar("T")

# Seconds between two questions. Shorter than a transaction, longer than asking takes.
ASK_EVERY = 0.0005
_BUSY = 0xFF


class Line:
    """A lock that is given to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    def take(self, seconds: float) -> bool:
        """Wait for the lock; False if it did not come within `seconds`."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        is_mine = False
        try:
            is_mine = turn.acquire(timeout=max(seconds, 0))
        finally:
            if not is_mine:
                is_mine = self._leave(turn)
        return is_mine

    def give(self) -> None:
        """Hand the lock to the next in line."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _leave(self, turn: threading.Lock) -> bool:
        """Stop waiting. True if the lock came at the last moment: it is ours after all."""
        with self._mutex:
            if turn not in self._waiting:
                return True
            self._waiting.remove(turn)
            return False


class Queue:
    """The way to the write lock of the database at `path`, for one connection.

    `seconds` is how long anybody waits in all, as SQLite's own timeout is.
    """

    def __init__(self, path: str, seconds: float) -> None:
        self._path = path
        self._seconds = seconds

    def run(self, connection: sqlite3.Connection, statement: Callable[[], T]) -> T:
        """Run a `statement` that takes the write lock, when it is its turn.

        Raises `sqlite3.OperationalError` ("database is locked") if that takes too long.
        """
        end = time.monotonic() + self._seconds
        line = _line(self._path)
        if not line.take(self._seconds):
            raise sqlite3.OperationalError("database is locked")
        try:
            return self._asked_until(end, connection, statement)
        finally:
            line.give()

    def _asked_until(
        self, end: float, connection: sqlite3.Connection, statement: Callable[[], T]
    ) -> T:
        """Ask often, instead of letting SQLite sleep between its questions."""
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    return statement()
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > end:
                        raise
                time.sleep(ASK_EVERY)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(self._seconds * 1000)}")


def _is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the lock, so that asking again helps.

    It never helps a transaction that read before the others wrote.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    return code & _BUSY == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


@cache
def _line(path: str) -> Line:
    return Line()


# Whoever held a line in the parent does not exist in the child.
os.register_at_fork(after_in_child=_line.cache_clear)
