"""An event as the API returns it: what it says, in the columns and words of this desk."""

import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from events.models import Submission
from events.payload import Indicator, Tlp, ValidationError, label_of_wire

Event = dict[str, Any]
_TEXTS = (
    *("category", "date", "event", "insight", "tlp", "attacker", "attackerCountry"),
    *("targetCountry", "targetIndustry", "datasetId"),
)


def wire_of(submission: Submission) -> Event:
    """What was sent, by the API's names; what came back if the bytes sent are not known here."""
    if submission.body is None:
        return _sendable(submission.answer_values)
    wire: Event = json.loads(bytes(submission.body))
    return wire


def columns_of(event: Event, dataset: str) -> dict[str, Any]:
    """The columns that lists show, of an event in `dataset` whose sending is not known here."""
    return {
        "category": _text(event.get("category")),
        "event": _text(event.get("event")),
        "tlp": marking_of(event).value,
        "dataset_id": _text(event.get("datasetId")) or dataset,
        "event_date": moment_of(event.get("date")),
    }


def marking_of(event: Event) -> Tlp:
    """The label of an event; RED if it bears none, or one that means nothing here."""
    return label_of_wire(_text(event.get("tlp")), settings.TLP_WIRE) or Tlp.RED


def rows_of(event: Event) -> tuple[Indicator, ...]:
    """The indicator that the API shows: of several it shows the first."""
    try:
        kind, value = event.get("indicatorType"), event.get("indicator")
        return (Indicator.model_validate({"indicatorType": kind, "value": value}),)
    except ValidationError:
        return ()


def moment_of(text: object) -> datetime | None:
    """The moment that the API wrote, in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _sendable(event: Event) -> Event:
    """What an event says, in the form of a create, as far as its fields have one."""
    wire: Event = {name: text for name in _TEXTS if (text := _text(event.get(name)))}
    for row in rows_of(event):
        wire |= {"indicator": row.value, "indicatorType": row.indicator_type}
    tags = event.get("tags")
    if isinstance(tags, list) and (texts := [text for tag in tags if (text := _text(tag))]):
        wire["tags"] = texts
    return wire


def _text(value: object) -> str:
    """A text that every database takes: without NUL and halves of characters."""
    text = value if isinstance(value, str) else ""
    return text.encode(errors="replace").decode().replace("\x00", "\ufffd")
