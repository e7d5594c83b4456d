"""Whether this desk may be a copy: restored from a backup, or started again after a long stop.

A copy does not know what was sent after it was made. Three things tell. The database notes its own
name (a file's inode, a server's identifier): in a copy that name is wrong. Each machine keeps the
last entry of the log that it saw in a file, not in the database: a log without this entry is an
older one that was put back in place. Of a copy that takes all this along, such as a snapshot of the
whole machine, the silence since its last sign of life tells.
"""

import logging
import os
from datetime import datetime, timedelta
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

log = logging.getLogger("events.history")


def check() -> str:
    """Have what waits looked for before its first send, if this desk may be a copy.

    To be called when a process starts, before it sends anything. Returns why, or an empty text.
    """
    head = audit.head()
    reason = _doubt(clock.now()) if head.seq else ""
    if reason:
        log.warning("what waits is looked for before it is sent: %s", reason)
        gate.look_before(clock.now())
    gate.name_database(_database())
    note(head)
    return reason


def name_migrated(sender: AppConfig, *, using: str, **kwargs: object) -> None:
    """Receive `post_migrate`: note which database this is, if none was noted.

    A copy that is migrated stays a copy.
    """
    tables = connection.introspection.table_names()
    if using == DEFAULT_DB_ALIAS and ApiGate._meta.db_table in tables and not gate.database():
        gate.name_database(_database())


def note(head: audit.Head | None = None) -> None:
    """Remember the last entry of the log on this machine."""
    path = Path(settings.STATE_DIR) / FILE
    part = path.with_name(f"{FILE}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(str(head or audit.head()))
        part.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error.strerror)


class Pending:
    """The check of a web process, which is made up for before the first send if it failed."""

    is_due = False

    def start(self) -> None:
        """Check now; if the database is away, before the first send."""
        self.is_due = True
        try:
            self.make_up()
        except DatabaseError as error:
            log.warning("not checked yet whether this is a copy: %s", type(error).__name__)

    def make_up(self) -> None:
        """Check, unless that is done. Raises `DatabaseError`."""
        if self.is_due:
            check()
            self.is_due = False


pending = Pending()


def _doubt(now: datetime) -> str:
    if gate.database() not in ("", _database()):
        return "this database is a copy of another one"
    if (noted := _noted()) is not None:
        entry = AuditEntry.objects.filter(seq=noted.seq).values_list("hash", flat=True).first()
        if entry != noted.hash:
            return "the log is not the one that this machine saw: a backup was restored"
    last = _last_sign()
    if last is not None and now - last > LONG_STOP:
        return f"the desk stood still since {last:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def _noted() -> audit.Head | None:
    try:
        seq, _, digest = (Path(settings.STATE_DIR) / FILE).read_text().strip().partition(":")
        return audit.Head(int(seq), digest)
    except (OSError, ValueError):
        return None


def _last_sign() -> datetime | None:
    """When a worker last was alive, or something was last logged."""
    beaten = Heartbeat.objects.aggregate(at=Max("at"))["at"]
    logged = AuditEntry.objects.order_by("-seq").values_list("at", flat=True).first()
    return max((moment for moment in (beaten, logged) if moment), default=None)


def _database() -> str:
    """A name for the database that a copy of it does not share."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier || ':' || oid FROM pg_control_system(), pg_database "
                "WHERE datname = current_database()"
            )
            return str(cursor.fetchone()[0])
    try:
        return str(Path(connection.settings_dict["NAME"]).stat().st_ino)
    except OSError:
        return ""
