"""Whether this desk may be a copy: restored from a backup, or started again after a long stop.

A copy does not know what was sent after it was made. Three things tell. The database notes its own
name (a file's inode, a server's identifier): in a copy that name is wrong. Each machine keeps the
last entry of the log that it saw in a file, not in the database: a log without this entry is an
older one that was put back in place. Of a copy that takes all this along, such as a snapshot of the
whole machine, the silence since its last sign of life tells: an entry, a worker's beat, or the time
of that file, which processes touch when they end.
"""

import atexit
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.models import Max

from events import audit, clock
from events.models import ApiGate, AuditEntry, Heartbeat
from events.outbox import gate

LONG_STOP = timedelta(minutes=15)
FILE = "log_head"
HELD = "desk.held"
# Who hosts a database for others may have taken the right to ask for the server's identifier.
# A table that is restored in place gets another oid, though its database keeps its own.
_OF_DATABASE = (
    f"SELECT oid || '.' || '{ApiGate._meta.db_table}'::regclass::oid, "  # noqa: S608
    "has_function_privilege('pg_control_system()', 'execute') "
    "FROM pg_database WHERE datname = current_database()"
)
RECHECK_SECONDS = 5.0

log = logging.getLogger("events.history")


def check(*, is_start: bool = True) -> str:
    """Have what waits looked for before its first send, if this desk may be a copy.

    To be called when a process starts, before it sends anything, and now and then by the worker,
    because a backup may be put in place under it. Silence tells only where it `is_start`. Returns
    why, or an empty text.
    """
    reason = _doubt(clock.now(), is_start=is_start) if audit.head().seq else ""
    if reason:
        hold(reason)
    # Only now: a process that dies before has not used up the sign.
    if gate.database() != (name := _database()):
        gate.name_database(name)
    note()
    return reason


def hold(reason: str) -> None:
    """Have everything that was made before now looked for before its first send, and log why."""
    log.warning("what waits is looked for before it is sent: %s", reason)
    gate.look_before(clock.now())
    audit.record(audit.Fact(HELD, audit.Actor.system("desk"), reason=reason))


def name_migrated(sender: AppConfig, *, using: str, **kwargs: object) -> None:
    """Receive `post_migrate`: note which database this is, if none was noted.

    A copy that is migrated stays a copy.
    """
    tables = connection.introspection.table_names()
    if using == DEFAULT_DB_ALIAS and ApiGate._meta.db_table in tables and not gate.database():
        gate.name_database(_database())


def note() -> None:
    """Remember the last entry of the log, and of which database it is, on this machine."""
    path = _path()
    part = path.with_name(f"{FILE}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{audit.head()} {_database()}")
        part.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error.strerror)


def end() -> None:
    """Note that this machine's desk was alive until now; asks no database, which may be gone."""
    try:
        os.utime(_path())
    except OSError as error:
        log.info("%s was not touched: %s", _path(), error.strerror)


class Pending:
    """The check of a web process, which is made up for before the first send if it failed."""

    is_due = False
    _checked = float("inf")

    def start(self) -> None:
        """Check now; if the database is away, before the first send."""
        self.is_due = True
        atexit.register(end)
        try:
            self.make_up()
        except DatabaseError as error:
            log.warning("not checked yet whether this is a copy: %s", type(error).__name__)

    def make_up(self) -> None:
        """Check, unless that was done a moment ago: a backup may be put in place under a process
        that runs on. Raises `DatabaseError`.
        """
        if self.is_due or time.monotonic() - self._checked > RECHECK_SECONDS:
            check(is_start=self.is_due)
            self.is_due, self._checked = False, time.monotonic()


pending = Pending()


def _doubt(now: datetime, *, is_start: bool) -> str:
    if gate.database() not in ("", _database()):
        return "this database is a copy of another one"
    # Of a log that was still empty every log is the continuation.
    if (noted := _noted()) is not None and noted.seq:
        entry = AuditEntry.objects.filter(seq=noted.seq).values_list("hash", flat=True).first()
        if entry != noted.hash:
            return "the log is not the one that this machine saw: a backup was restored"
    last = _last_sign(now) if is_start else None
    if last is not None and now - last > LONG_STOP:
        return f"the desk stood still since {last:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def _noted() -> audit.Head | None:
    """The head that this machine saw last; of another database it says nothing of this one."""
    try:
        head, _, database = _path().read_text().strip().partition(" ")
        seq, _, digest = head.partition(":")
        return audit.Head(int(seq), digest) if database in ("", _database()) else None
    except (OSError, ValueError):
        return None


def _last_sign(now: datetime) -> datetime | None:
    """When a worker last was alive, something was last logged, or a process here ended."""
    beaten = Heartbeat.objects.aggregate(at=Max("at"))["at"]
    logged = AuditEntry.objects.order_by("-seq").values_list("at", flat=True).first()
    signs = (beaten, logged, _touched())
    # A file's time is the machine's, which may have been set back since.
    return max((moment for moment in signs if moment and moment <= now), default=None)


def _touched() -> datetime | None:
    try:
        return datetime.fromtimestamp(_path().stat().st_mtime, UTC)
    except OSError:
        return None


def _path() -> Path:
    return Path(settings.STATE_DIR) / FILE


def _database() -> str:
    """A name for the database that a copy of it does not share."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_OF_DATABASE)
            oid, may_ask = cursor.fetchone()
            if may_ask:
                cursor.execute("SELECT system_identifier FROM pg_control_system()")
            return f"{cursor.fetchone()[0] if may_ask else 'server'}:{oid}"
    try:
        return str(Path(connection.settings_dict["NAME"]).stat().st_ino)
    except OSError:
        return ""
