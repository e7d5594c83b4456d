"""Evidence of looking: who saw what is TLP:RED of others, who searched, downloaded, and was denied.

What was looked at is not shown before its entry is written. Looking at the same again within
`WINDOW` is one entry, and denials that repeat are summed up, so that nobody floods the log.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction

from events import audit, clock, outbox
from events.audit.body import ACTOR_MAX, TEXT_MAX, escaped, parsed, plain
from events.failures import first_line
from events.indicators import refang
from events.models import AuditEntry, Submission, Throttle, may_see_red
from events.payload import Tlp
from events.services import throttle
from events.services.people import Person

WINDOW = timedelta(minutes=15)
DENIED_MOST = 50
WORDS_MOST = 8
VIEWED = "submission.viewed"
DOWNLOADED = "submission.downloaded"

log = logging.getLogger("events.audit")


class NotLogged(Exception):
    """The entry could not be written, so that nothing may be shown."""


def viewed(person: Person, submission: Submission) -> None:
    """`person` is about to see `submission`: an entry if it is RED and somebody else's.

    Raises `NotLogged`.
    """
    if _is_red_of_others(person, submission):
        _once(outbox.fact(submission, VIEWED, person.actor))


def listed(person: Person, submissions: Iterable[Submission]) -> None:
    """As `viewed`, of a list: one entry that names those that are RED and of others."""
    red = sorted(str(each.pk) for each in submissions if _is_red_of_others(person, each))
    if not red:
        return
    names = json.dumps(red)
    fact = audit.Fact(
        "events.listed",
        person.actor,
        object_id=f"list:{hashlib.sha256(names.encode()).hexdigest()[:32]}",
        reason=f"{len(red)} of others that are TLP:RED",
        tlp=Tlp.RED,
        attachments={"events": names},
    )
    _once(fact)


def named(person: Person, events: Iterable[UUID]) -> None:
    """As `listed`, of the events that a page names. Raises `NotLogged`."""
    wanted = set(events)
    if not wanted or not may_see_red(person.user):
        return
    try:
        red = list(Submission.objects.filter(pk__in=wanted, tlp=Tlp.RED).only("tlp", "author"))
    except DatabaseError as error:
        raise NotLogged(first_line(error)) from error
    listed(person, red)


def searched(person: Person, query: str, *, action: str = "events.searched") -> None:
    """`person` searches for `query`, whose label nobody knows: it is treated as RED.

    It is found by the indicators in it. Raises `NotLogged`.
    """
    words = query.split()[:WORDS_MOST]
    terms = _terms(query, *words)
    fact = audit.Fact(action, person.actor, tlp=Tlp.RED, attachments={"query": query}, terms=terms)
    _once(fact)


def looked_up(person: Person, values: Sequence[str], tlp: str) -> None:
    """`person` asks Cloudflare about `values` of an event with the label `tlp`.

    It is found by each of them. Raises `NotLogged`.
    """
    query, terms = "\n".join(values), _terms(*values)
    name = "cloudflare.searched"
    _once(audit.Fact(name, person.actor, tlp=tlp, attachments={"query": query}, terms=terms))


def _terms(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for text in texts for each in (text, refang(text))))


def downloaded(person: Person, *, object_id: str, tlp: str, what: str) -> None:
    """`person` takes `what` away as a file. Raises `NotLogged`."""
    _record(audit.Fact(DOWNLOADED, person.actor, object_id=object_id, reason=what, tlp=tlp))


def denied(
    person: Person, what: str, *, kind: str = "", object_id: str = "", tlp: str = ""
) -> None:
    """`person` was refused `what`. Repetition is told at the tenth, hundredth, … time.

    After `DENIED_MOST` of one `kind` so are those of this kind: noise of one hides no other.
    Never raises for a database that takes nothing: the refusal stands all the same.
    """
    try:
        throttle.sweep()
        with transaction.atomic():
            since, times = _count(f"{person.user.pk}:{object_id}:{what}")
            many = ""
            if times == 1:
                since, kinds = _count(f"{person.user.pk}:{kind}")
                is_told = kinds <= DENIED_MOST or _is_power_of_ten(kinds)
                many = f"; {kinds} denials of this kind" if kinds > DENIED_MOST else ""
            else:
                is_told = _is_power_of_ten(times)
                many = f"; {times} times"
            if is_told:
                many += f" since {since:%H:%M:%S} UTC" if many else ""
                audit.append(
                    audit.Fact(
                        "access.denied",
                        person.actor,
                        object_id=object_id,
                        outcome="denied",
                        reason=f"{what[:300]}{many}",
                        tlp=tlp,
                    )
                )
    except _NOT_WRITTEN as error:
        log.error("a denial could not be logged: %s", first_line(error))


_NOT_WRITTEN = (DatabaseError, audit.UnknownKey, audit.BadKey)


def _is_red_of_others(person: Person, submission: Submission) -> bool:
    return submission.tlp == Tlp.RED and submission.author_id != person.user.pk


def _once(fact: audit.Fact) -> None:
    """Record `fact`, unless the same person did the same from the same address a moment ago."""
    try:
        since = clock.now() - WINDOW
        same = AuditEntry.objects.filter(
            actor=plain(fact.actor.name, ACTOR_MAX),
            at__gt=since,
            action=fact.action,
            object_id=fact.object_id,
        )
        for name, content in fact.attachments.items():
            same = same.filter(attachments__name=name, attachments__content=escaped(content))
        bodies = [parsed(text) for text in same.values_list("body", flat=True)]
    except DatabaseError as error:
        raise NotLogged(first_line(error)) from error
    if not any(each.get("address") == plain(fact.actor.address, TEXT_MAX) for each in bodies):
        _record(fact)


def _record(fact: audit.Fact) -> None:
    try:
        audit.record(fact)
    except _NOT_WRITTEN as error:
        log.error("not shown, because it could not be logged: %s", first_line(error))
        raise NotLogged(first_line(error)) from error


def _count(what: str) -> tuple[datetime, int]:
    """How often `what` happened, now included, and since when: by windows."""
    now = clock.now()
    key = f"denied:{hashlib.sha256(what.encode(errors='backslashreplace')).hexdigest()}"
    row, _ = Throttle.objects.select_for_update().get_or_create(
        key=key, defaults={"since": now, "count": 0}
    )
    if row.since + WINDOW <= now:
        row.since, row.count = now, 0
    row.count += 1
    row.save()
    return row.since, row.count


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip("0") == "1"
