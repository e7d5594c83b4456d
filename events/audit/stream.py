"""The stream: every entry goes out as one line of JSON, in order and none lost, for a SIEM.

How far it got is kept in the database and moves only when the receiver took the lines, so that a
line may come twice and never not at all: `seq` and `hash` tell. One worker at a time streams.

Without texts a line holds ids and hashes only. With a label set, entries up to that label also hold
what people wrote: names, addresses, reasons. The payloads themselves never go out here.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from events import clock, syslog
from events.audit import body
from events.audit.chain import head
from events.failures import first_line
from events.models import AuditEntry, AuditStream, Submission
from events.payload import Tlp

BATCH = 200
STEP_SECONDS = 1.0
WAIT_MOST = 60.0
LEASE = timedelta(seconds=60)
# After a receiver was away, so many lines are repeated: it may have lost what it acknowledged.
REPEATED = 100

_IDS = ("seq", "prev", "at", "action", "outcome", "object_id", "actor_id", "request_id", "tlp")
_TEXTS = ("actor", "address", "reason", "attempt", "status", "cf_ray")
# Of accounts and of the desk itself; none of it is about an event.
_PLAIN = frozenset({"session", "access", "account", "user", "group", "desk", "reference"})
# Object ids that are keys, such as `user:7`, and never text that somebody typed.
_ID = re.compile(
    r"(?:[a-z_]{1,32}:)?(?:[0-9]{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII
)

Where = syslog.Target | Literal["stdout"]

log = logging.getLogger("events.audit")


class Line(NamedTuple):
    """One entry as it goes out."""

    seq: int
    text: str


class Stream:
    """One worker's part in it. `owner` is its name; `most` the strictest label with texts."""

    def __init__(self, where: Where, *, owner: str, most: Tlp | None) -> None:
        self._sender = None if where == "stdout" else syslog.Sender(where)
        self._where, self._owner, self._most = where, owner, most
        self._failures = 0

    def run(self, stopping: threading.Event) -> None:
        """Stream until told to stop. For a thread of its own."""
        wait = STEP_SECONDS
        while not stopping.wait(wait):
            wait = self.step()
            connection.close()
        _safely(self._leave)
        connection.close()

    def once(self) -> None:
        """Everything that waits, in this thread; what cannot go out now waits on."""
        self.step()
        _safely(self._leave)

    def step(self) -> float:
        """Stream what waits, as far as the receiver takes it. Returns seconds to wait."""
        try:
            while self._batch():
                pass
        except (DatabaseError, InterfaceError) as error:
            log.warning("the audit stream has no database: %s", first_line(error))
        except OSError as error:
            return self._is_away(error)
        except Exception:
            log.exception("the audit stream failed")
            return WAIT_MOST
        return STEP_SECONDS

    def _batch(self) -> bool:
        """Write one batch. Whether there may be more. Raises `OSError` if nobody takes it."""
        after = self._claimed()
        if after is None:
            return False
        if self._failures:
            after = max(after - REPEATED, 0)
        waiting = lines(after, self._most)
        if not waiting:
            return self._begins_anew()
        self._write([line.text for line in waiting])
        self._is_back()
        moved = AuditStream.objects.filter(owner=self._owner, seq__lte=waiting[-1].seq)
        moved.update(seq=waiting[-1].seq, until=clock.now() + LEASE)
        return True

    def _begins_anew(self) -> bool:
        """Whether the place was beyond the end of the log, as that of another log is, or a forged
        one: nothing would ever go out. What did is unknown, so everything goes out again.
        """
        last = head().seq
        beyond = AuditStream.objects.filter(owner=self._owner, seq__gt=last)
        if not beyond.update(seq=0):
            return False
        log.error("the audit stream stood beyond the end of the log, %s: it begins anew", last)
        return True

    def _claimed(self) -> int | None:
        """How far the stream got, if this worker is the one that streams."""
        row, _ = AuditStream.objects.get_or_create(pk=AuditStream.KEY)
        now = clock.now()
        if row.owner == self._owner and row.until and row.until - now > LEASE / 2:
            return row.seq
        free = Q(owner=self._owner) | Q(owner="") | Q(until=None) | Q(until__lt=now)
        # A lease that ends later than any that is given was written by somebody else.
        free |= Q(until__gt=now + 2 * LEASE)
        mine = AuditStream.objects.filter(free, pk=row.pk)
        if not mine.update(owner=self._owner, until=now + LEASE):
            return None
        return AuditStream.objects.values_list("seq", flat=True).get(pk=row.pk)

    def _write(self, texts: Sequence[str]) -> None:
        if self._sender is None:
            to_stdout(texts)
        else:
            self._sender.send([syslog.message(text, "audit") for text in texts])

    def _leave(self) -> None:
        """Let the receiver and the lease go."""
        if self._sender is not None:
            self._sender.close()
        AuditStream.objects.filter(owner=self._owner).update(owner="", until=None)

    def _is_away(self, error: OSError) -> float:
        if not self._failures:
            words = error.strerror or error
            log.warning("the audit stream waits: %s does not take it: %s", self._where, words)
        self._failures += 1
        return min(2.0 ** min(self._failures - 1, 10), WAIT_MOST)

    def _is_back(self) -> None:
        if self._failures:
            log.warning("the audit stream goes on: %s takes it again", self._where)
        self._failures = 0


def lines(after: int, most: Tlp | None) -> list[Line]:
    """The entries that follow number `after`, up to `BATCH`, with texts up to the label `most`."""
    entries = AuditEntry.objects.filter(seq__gt=after).order_by("seq")
    rows = list(entries.values_list("seq", "hash", "prev", "body", "tlp", "object_id")[:BATCH])
    labels = _labels_now([row[5] for row in rows]) if most is not None else {}
    found = []
    for seq, digest, prev, text, tlp, object_id in rows:
        fields = body.parsed(text)
        said = {name: fields.get(name) for name in _IDS} | {"seq": seq, "hash": digest}
        said["prev"] = prev
        said["object_id"] = object_id if _ID.fullmatch(object_id) else None
        if most is not None and _strictness(fields, tlp, labels.get(object_id)) <= most.strictness:
            said |= {name: fields.get(name) for name in _TEXTS} | {"object_id": object_id}
        found.append(Line(seq, json.dumps(said, separators=(",", ":"))))
    return found


def to_stdout(texts: Sequence[str]) -> None:
    """Write lines. Raises `OSError`.

    Past Python's own buffer, which a thread that waits for a full pipe would hold at the end.
    """
    data = "".join(f"{text}\n" for text in texts).encode()
    while data:
        data = data[os.write(1, data) :]


def _strictness(fields: dict[str, Any], tlp: str, now: str | None) -> int:
    """As strict as the strictest label that the entry or its event bears.

    Without a label only what is about accounts and the desk itself counts as CLEAR.
    """
    kind = str(fields.get("action")).partition(".")[0]
    labels = [label for label in (tlp, str(fields.get("tlp") or ""), now) if label]
    if not labels:
        return Tlp.CLEAR.strictness if kind in _PLAIN else Tlp.RED.strictness
    return max(map(_strictness_of, labels))


def _strictness_of(label: str) -> int:
    try:
        return Tlp(label).strictness
    except ValueError:
        return Tlp.RED.strictness


def _labels_now(object_ids: Sequence[str]) -> dict[str, str]:
    """The label that each event bears by now, by the id that entries name it by."""
    keys = {}
    for object_id in object_ids:
        try:
            keys[UUID(object_id)] = object_id
        except ValueError:
            continue
    found = Submission.objects.filter(pk__in=keys).values_list("pk", "tlp")
    return {keys[pk]: tlp for pk, tlp in found}


def _safely(act: Callable[[], None]) -> None:
    try:
        act()
    except (DatabaseError, InterfaceError) as error:
        log.warning("the audit stream was not left: %s", first_line(error))
