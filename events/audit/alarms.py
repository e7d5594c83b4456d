"""The alarm: that the log is not as it was written stands in a table until that is over."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import Model

from events import clock
from events.audit.chain import Head, append
from events.audit.facts import Actor, Fact
from events.audit.seal import UnknownKey
from events.keyring import BadKey
from events.models import AuditWatch, Heartbeat

RAISED = "audit.alarm_raised"
OVER = "audit.alarm_over"
WATCHER = Actor.system("watch")
# The worker verifies each minute; after this long without it the pages say so.
LATE_AFTER = timedelta(minutes=5)

log = logging.getLogger("events.audit")


class Alarm(NamedTuple):
    """What was found, since when, and by the worker of which machine."""

    text: str
    since: datetime
    by: str


class Standing(NamedTuple):
    """What is known of the log: the alarm if there is one, and how far it was verified, when."""

    alarm: Alarm | None
    head: Head | None
    at: datetime | None
    whole_at: datetime | None
    is_late: bool


def alarm() -> Alarm | None:
    """The alarm that stands."""
    return standing().alarm


def standing() -> Standing:
    """What the workers found last."""
    row = AuditWatch.objects.filter(pk=AuditWatch.KEY).first() or AuditWatch()
    since = row.fault_since or clock.now()
    return Standing(
        alarm=Alarm(row.fault, since, row.fault_by) if row.fault else None,
        head=Head(row.verified_seq, row.verified_hash) if row.verified_at else None,
        at=row.verified_at,
        whole_at=row.whole_at,
        is_late=row.verified_at is None or clock.now() - row.verified_at > LATE_AFTER,
    )


def note(head: Head, *, is_whole: bool = False) -> None:
    """Keep that the log was verified up to `head` just now; `is_whole`: from its beginning."""
    now = clock.now()
    found = {"verified_seq": head.seq, "verified_hash": head.hash, "verified_at": now}
    if is_whole:
        found["whole_at"] = now
    AuditWatch.objects.update_or_create(pk=AuditWatch.KEY, defaults=found)


def raise_alarm(text: str, by: str) -> None:
    """Let it stand, and log it if it did not stand before. A log that takes no entry any more, as
    it was tampered with, keeps nobody from being told.
    """
    try:
        with transaction.atomic():
            row = _locked()
            if not row.fault:
                _set(row, fault=text, fault_since=clock.now(), fault_by=by)
                append(Fact(RAISED, WATCHER, outcome="failed", reason=text))
    except (DatabaseError, TypeError, ValueError, BadKey, UnknownKey) as error:
        log.error("the alarm could not be logged: %s", type(error).__name__)
        with transaction.atomic():
            row = _locked()
            if not row.fault:
                _set(row, fault=text, fault_since=clock.now(), fault_by=by)


def end_alarm(by: str) -> bool:
    """Take it back after the whole log was verified by `by`. Whether it stands no more.

    While the machine that raised it has a worker, only that one can: it saw what others did not.
    """
    with transaction.atomic():
        row = _locked()
        if not row.fault:
            return True
        if row.fault_by != by and _has_worker(row.fault_by):
            return False
        _set(row, fault="", fault_since=None, fault_by="")
        append(Fact(OVER, WATCHER, reason="the whole log was verified and found good"))
    log.warning("the alarm of the audit log is over")
    return True


def _locked() -> AuditWatch:
    AuditWatch.objects.get_or_create(pk=AuditWatch.KEY)
    return AuditWatch.objects.select_for_update().get(pk=AuditWatch.KEY)


def _set(row: Model, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _has_worker(machine: str) -> bool:
    since = clock.now() - LATE_AFTER
    return Heartbeat.objects.filter(name__startswith=f"{machine}:", at__gt=since).exists()
