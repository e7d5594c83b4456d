"""What this desk needs to work, and how each of it is: short words, nothing that is private."""

from threading import Lock, Thread
from time import monotonic
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from events import audit, outbox
from events.memo import Memo
from events.models import Heartbeat

# A check that hangs longer than this is given up, and the next one is made beside it.
HUNG_AFTER = 30.0


class Part(NamedTuple):
    """One part: whether it is well, words for whoever watches, and whether nothing goes without."""

    is_well: bool
    words: str
    is_needed: bool = False


Parts = dict[str, Part]
WELL = "ok"


def collect() -> Parts:
    """How each part is now, by name. Asks the database, and takes as long as that takes."""
    try:
        missing = _missing_migrations.get()
        if missing:
            forget()
            return {
                "database": Part(True, WELL, is_needed=True),
                "migrations": Part(False, f"{missing} missing: run migrate", is_needed=True),
            }
        worker, api = Heartbeat.any_alive(), outbox.breaker()
        log = _audit()
    except DatabaseError:
        return {"database": Part(False, "not available", is_needed=True)}
    return {
        "database": Part(True, WELL, is_needed=True),
        "migrations": Part(True, WELL, is_needed=True),
        "worker": Part(worker, WELL if worker else "not running: what waits does not move"),
        "api": Part(api is None, f"closed: {api.kind}" if api else WELL),
        "audit": log,
    }


def _audit() -> Part:
    """The log. Without its key this process can do nothing that is logged, which is everything."""
    lacks_key, standing = bool(audit.key_trouble()), audit.standing()
    if standing.alarm is not None:
        return Part(False, "fault", is_needed=lacks_key)
    if lacks_key:
        return Part(False, "its key is not here", is_needed=True)
    if audit.unseen_alterations():
        return Part(False, "an event was altered: see the audit log")
    return Part(False, "not verified lately") if standing.is_late else Part(True, WELL)


def collect_within(seconds: float) -> Parts:
    """`collect`, or that the database does not answer in time.

    All who ask at once share one check, so that a database that hangs holds one thread and not
    one for each question.
    """
    return _latest().result(seconds)


class _Check:
    """One run of `collect` in a thread of its own, which has its own connection."""

    def __init__(self) -> None:
        self._begun = monotonic()
        self._parts: Parts | None = None
        self._thread = Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def can_be_joined(self) -> bool:
        """Whether its answer is still to come, and soon."""
        return self._thread.is_alive() and monotonic() - self._begun < HUNG_AFTER

    def result(self, seconds: float) -> Parts:
        """What it found within `seconds`."""
        self._thread.join(seconds)
        words = "does not answer in time" if self._thread.is_alive() else "not available"
        return self._parts or {"database": Part(False, words, is_needed=True)}

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self._parts = collect()
        except DatabaseError:
            return
        finally:
            connection.close()


_lock = Lock()
_checks: list[_Check] = []


def _latest() -> _Check:
    with _lock:
        if not _checks or not _checks[-1].can_be_joined():
            _checks[:] = [_Check()]
        return _checks[-1]


def _count_missing() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


# Finding out reads all migrations; within a minute they do not change unnoticed.
_missing_migrations = Memo(_count_missing, seconds=60.0)


def forget() -> None:
    """Look at the migrations anew at the next question."""
    _missing_migrations.forget()
