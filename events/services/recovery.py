"""Taking in events that are in Cloudforce One and not known here, after a restore."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from events import audit, clock, outbox, reference, vetting
from events.models import PRIVATE, AuditEntry, State, Submission
from events.outbox import history
from events.outbox.recover import MARGIN, Found
from events.outbox.returned import (
    columns_of,
    marking_of,
    moment_of,
    rows_of,
    strictest,
    told_marking_of,
)
from events.outbox.sweeps import next_sweep
from events.payload import Tlp

RECOVERED = "desk.recovered"
AUTHOR = "unknown (recovered)"
LOOKED_BACK = timedelta(days=30)


def take_in(found: Found, *, actor: audit.Actor) -> Submission:
    """The submission of an event that was found, as it is now: settled, or made from the event.

    Each is a transaction of its own, with an entry in the log. Raises `outbox.Lost` if the
    submission changed meanwhile: the next walk finds the event again.
    """
    if found.here is None:
        try:
            return _insert(found, actor)
        except IntegrityError:
            here = Submission.objects.get(pk=found.mark.submission)
    else:
        here = found.here
    # A draft of the backup's time, that was sent after it: its indicators were never kept.
    is_news = here.body is None and here.state not in {State.CREATED, State.DUPLICATED}
    outbox.settle_found(here, {found.uuid: found.event}, actor=actor)
    if is_news:
        vetting.remember_rows(here, rows_of(found.event), is_new=False)
    return here


def label_of(found: Found) -> Tlp:
    """Who may have what is taken in: the event and its raw data, each with a label of its own."""
    raw = told_marking_of({"tlp": found.raw.tlp})
    return strictest(marking_of(found.event), raw)


def is_unsent_draft(found: Found) -> bool:
    """Whether the mark names a draft of which nothing was ever sent from here.

    It was sent by a later state of this desk, or the mark is forged: whoever may write into the
    dataset can write one, and its author would lose the draft.
    """
    here = found.here
    return here is not None and here.state in PRIVATE and not here.attempt and here.body is None


def datasets() -> tuple[str, ...]:
    """Where this desk's events may be: the dataset of the settings, and all that take events.

    The empty one is the API's default, where its uuid is not known.
    """
    known = reference.load()
    default = known.dataset(settings.CLOUDFLARE.dataset_id)
    first = default.uuid if default else settings.CLOUDFLARE.dataset_id
    return tuple(dict.fromkeys([first, *(each.uuid for each in known.datasets if each.writable)]))


def left_out() -> tuple[reference.Dataset, ...]:
    """The known datasets that are not among `datasets`, because nothing can be created there."""
    return tuple(each for each in reference.load().datasets if each.uuid not in datasets())


def unknown_since() -> datetime:
    """From when on events may be there that are not known here.

    That is the last entry before this desk was held as a possible copy, as long as nothing was
    recovered since; without that, `LOOKED_BACK` ago.
    """
    entries = AuditEntry.objects.order_by("seq")
    done = entries.filter(action=RECOVERED).values_list("seq", flat=True).last() or 0
    held = entries.filter(action=history.HELD, seq__gt=done).values_list("seq", flat=True).first()
    before = entries.filter(seq__lt=held or 0).values_list("at", flat=True).last()
    return before - MARGIN if before else clock.now() - LOOKED_BACK


def note_recovered(since: datetime, taken: Sequence[Submission], actor: audit.Actor) -> None:
    """Log that everything from `since` on is known here by now."""
    reason = f"{len(taken):,} taken in, created since {since:%Y-%m-%d %H:%M:%S} UTC"
    audit.record(audit.Fact(RECOVERED, actor, reason=reason))


def _insert(found: Found, actor: audit.Actor) -> Submission:
    now = clock.now()
    answer = json.dumps(found.event)
    submission = Submission(
        id=found.mark.submission,
        state=State.CREATED,
        author_name=AUTHOR,
        created_at=_created_at(found, now),
        updated_at=now,
        attempt=found.mark.attempt,
        event_uuid=found.uuid,
        found=json.dumps([found.uuid]),
        answer=answer,
        outcome='{"kind": "recovered"}',
        sweep_at=next_sweep(now, now),
        **columns_of(found.event, found.dataset) | {"tlp": label_of(found).value},
    )
    with transaction.atomic(durable=True):
        submission.save(force_insert=True)
        rows = rows_of(found.event)
        vetting.remember_rows(submission, rows, is_new=True)
        audit.append(
            outbox.fact(
                submission,
                "submission.recovered",
                actor,
                reason=f"uuid {found.uuid}",
                attachments={"answer": answer, "raw": _raw(found)},
                terms=tuple(row.value for row in rows),
            )
        )
    return submission


def _created_at(found: Found, now: datetime) -> datetime:
    told: Any = found.event.get("createdAt") or found.raw.created
    moment = moment_of(told)
    return moment if moment and moment <= now else now


def _raw(found: Found) -> str:
    return json.dumps(found.raw.data) if found.raw.data is not None else found.raw.text
