"""An event as the API returns it: what it says, in the columns and words of this desk."""

import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from events.models import Submission
from events.payload import Indicator, Tlp, ValidationError, label_of_wire

Event = dict[str, Any]
# Time zones are up to a day from UTC.
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
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


def told_marking_of(event: Event) -> Tlp | None:
    """As `marking_of`; None if the event bears none at all."""
    return marking_of(event) if event.get("tlp") else None


def strictest(*labels: Tlp | None) -> Tlp:
    """The label that holds for what bears several; RED if none is known."""
    return max(filter(None, labels), key=lambda label: label.strictness, default=Tlp.RED)


def rows_of(event: Event) -> tuple[Indicator, ...]:
    """The indicator that the API shows: of several it shows the first."""
    try:
        kind, value = event.get("indicatorType"), event.get("indicator")
        return (Indicator.model_validate({"indicatorType": kind, "value": value}),)
    except ValidationError:
        return ()


def moment_of(text: object) -> datetime | None:
    """The moment that the API wrote, in UTC; None for anything else.

    One at an end of time is moved to where every time zone can show it.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment, _FIRST), _LAST).astimezone(UTC)


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
