"""Freezing: the exact bytes that a submission will send, marked so that it can be found again."""

import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from events.models import Submission
from events.outbox.returned import marking_of, strictest, told_marking_of
from events.payload import BODY_MAX_BYTES, EventCreate, sha256

MARK = "event_desk"
# A lease outlives the client's deadline, so that it runs out only if the process died.
LEASE_MARGIN = timedelta(seconds=35)


class TooLarge(ValueError):
    """The body would be larger than we send."""


def is_mark(name: str) -> bool:
    """Whether a key of raw data is the one that the mark stands under, however it is spelled.

    An API may give keys back in another case or Unicode form, so that every spelling is read as
    the mark, and none of them is anybody's to write.
    """
    return unicodedata.normalize("NFKC", name).strip().casefold() == MARK


def mark(payload: EventCreate, submission_id: uuid.UUID, attempt: int) -> EventCreate:
    """`payload` with the submission and the attempt in `raw.data`, by which reconciling finds it.

    `attempt` is the first one that these bytes are made for: a repetition after a failure to
    connect sends the same bytes. It is the only mark: any other spelling of its key is left out.
    """
    found_by = {MARK: {"submission": str(submission_id), "attempt": attempt}}
    data = {name: value for name, value in (payload.raw.data or {}).items() if not is_mark(name)}
    raw = payload.raw.model_copy(update={"data": data | found_by})
    return payload.model_copy(update={"raw": raw})


def frozen(payload: EventCreate, submission: Submission) -> dict[str, Any]:
    """The columns of `submission` that hold `payload` for sending. Raises `TooLarge`."""
    body = mark(payload, submission.pk, submission.attempt + 1).to_bytes()
    if len(body) > BODY_MAX_BYTES:
        raise TooLarge(
            f"The event is {len(body) // 1024:,} KB in all. "
            f"Shorten it to {BODY_MAX_BYTES // 1024:,} KB or less."
        )
    return {"body": body, "body_sha256": sha256(body)} | copies(payload)


def copies(payload: EventCreate) -> dict[str, Any]:
    """The columns that lists show.

    The raw data stands on the event's page: whoever may not have it, may not have the page.
    """
    raw = told_marking_of({"tlp": payload.raw.tlp})
    return {
        "category": payload.category,
        "event": payload.event,
        "tlp": strictest(marking_of({"tlp": payload.tlp}), raw).value,
        "dataset_id": payload.dataset_id or "",
        "event_date": payload.date,
    }


def lease_until(now: datetime) -> datetime:
    """When a send that starts `now` counts as lost."""
    return now + timedelta(seconds=settings.CLOUDFLARE.deadline) + LEASE_MARGIN
