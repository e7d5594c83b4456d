"""Settling: what the API said of a send is written down, whatever became of its row meanwhile.

The row may have been taken over (the lease ran out while the answer was under way), and the
database may be gone for a moment. Neither throws an answer away.
"""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction

from events import audit, clock
from events.failures import first_line
from events.models import State, Submission
from events.outbox.transitions import Lost, fact, move, touch

# How long a database that went away is waited for, in all about nine seconds.
RETRY_WAITS = (0.1, 0.3, 0.6, 1.0, 2.0, 2.0, 3.0)

log = logging.getLogger("events.outbox")


@dataclass(frozen=True)
class Said:
    """What came of one send: the state it leads to, the columns and the entry that go with it.

    `uuid` is the event's, empty unless the API named it.
    """

    to: State
    action: str
    changes: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    uuid: str = ""


def settle(submission: Submission, actor: audit.Actor, said: Said) -> Submission:
    """Record `said` of a submission that was SENDING, as it was read or as it is by now.

    Tries again for some seconds if the database, or the key of the log, is away. If it stays away,
    what the API said goes to the log of the process, and the lease runs out: the event is then
    looked for.
    """
    # A try that is rolled back leaves in memory what it wrote or read.
    read = (submission.state, submission.version, submission.attempt)
    for wait in (*RETRY_WAITS, None):
        try:
            with transaction.atomic(durable=True):
                _write(submission, actor, said)
        except (DatabaseError, InterfaceError, audit.UnknownKey, audit.BadKey) as error:
            # Another machine may have gone on with a key that is not here yet.
            if connection.in_atomic_block:
                raise
            connection.close()
            submission.state, submission.version, submission.attempt = read
            if wait is None:
                log.critical(
                    "submission %s attempt %s: %s %s, and the database did not take it: %s",
                    submission.pk,
                    submission.attempt,
                    said.action,
                    said.uuid,
                    first_line(error),
                )
                return submission
            time.sleep(wait)
        else:
            return submission
    return submission


def _write(submission: Submission, actor: audit.Actor, said: Said) -> None:
    try:
        move(submission, said.to, at=clock.now(), lease_until=None, **said.changes)
    except Lost:
        _write_late(submission, actor, said)
    else:
        audit.append(fact(submission, said.action, actor, **said.details))


def _write_late(submission: Submission, actor: audit.Actor, said: Said) -> None:
    """The row is not as it was read: record the answer beside whatever is true of it now."""
    attempt, version = submission.attempt, submission.version
    late = fact(submission, "submission.answered_late", actor, **_words(said))
    row = Submission.objects.select_for_update().get(pk=submission.pk)
    _become(submission, row)
    stored = (row.state, row.event_uuid, row.outcome, row.version)
    if stored == (said.to, said.uuid, said.changes.get("outcome"), version + 1):
        return  # our own transaction of a moment ago, whose end the database did not tell us
    named = {row.event_uuid, said.uuid, *row.found_uuids} - {""}
    known = sorted({uuid.lower() for uuid in named})
    is_ours = row.state == State.SENDING and row.attempt == attempt
    if not said.uuid and not is_ours:
        audit.append(late)
    elif row.state == State.SENDING and not is_ours:
        # A later attempt is under way: its own answer, or its search, settles both.
        touch(submission, found=json.dumps(known))
        audit.append(late)
    elif len(known) > 1:
        _duplicated(submission, actor, said, known, late)
    elif known and (said.uuid or said.to in {State.REJECTED, State.READY}):
        _created(submission, actor, said, known[0], late)
    else:
        move(submission, said.to, at=clock.now(), lease_until=None, **said.changes)
        audit.append(fact(submission, said.action, actor, **said.details))


def _duplicated(
    submission: Submission, actor: audit.Actor, said: Said, known: list[str], late: audit.Fact
) -> None:
    changes = {"found": json.dumps(known), "lease_until": None, "next_at": None, "sweep_at": None}
    if submission.state == State.DUPLICATED:
        touch(submission, **changes)
        audit.append(late)
        return
    move(submission, State.DUPLICATED, at=clock.now(), **changes)
    named = f"there {len(known)} times: {', '.join(known)}"
    audit.append(late, fact(submission, "submission.duplicated", actor, reason=named))


def _created(
    submission: Submission, actor: audit.Actor, said: Said, uuid: str, late: audit.Fact
) -> None:
    if submission.state == State.CREATED:
        audit.append(late)
        return
    changes = said.changes if said.uuid else {"event_uuid": uuid, "outcome": '{"kind": "found"}'}
    changes = {"lease_until": None, "next_at": None, "found": json.dumps([uuid])} | changes
    move(submission, State.CREATED, at=clock.now(), **changes)
    audit.append(late, fact(submission, "submission.found", actor, reason=f"uuid {uuid}"))


def _words(said: Said) -> dict[str, Any]:
    """The entry of an answer that came late: what it said, not what it led to."""
    kept = {
        name: said.details[name]
        for name in ("status", "cf_ray", "attachments", "outcome")
        if name in said.details
    }
    reason = said.details.get("reason", "")
    return kept | {"reason": f"{said.to.label.lower()}: {reason}" if reason else said.to.label}


def _become(submission: Submission, row: Submission) -> None:
    """Make the object that the caller holds say what is stored."""
    for column in Submission._meta.concrete_fields:
        setattr(submission, column.attname, getattr(row, column.attname))
