"""Whether this desk may be a copy: restored from a backup, or started again after a long stop.

A copy does not know what was sent after it was made. So each machine keeps the last entry of the
log that it saw in a file beside the database, not in it: a log that does not hold this entry is an
older one. Of a copy that takes the file along, such as a snapshot of the whole machine, only the
silence since its last sign of life tells.
"""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Max

from events import audit, clock
from events.models import AuditEntry, Heartbeat
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
    note(head)
    return reason


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
    noted = _noted()
    if noted is None:
        return "this machine has not seen this log before"
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
