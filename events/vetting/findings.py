"""What a check is given and what it says: `Entry` in, `Finding`s out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings

from events.payload import EventCreate, Tlp, label_of_wire

# A form field's name, or the indicator row at an index.
Field = str | tuple[str, int]


class Level(StrEnum):
    """How much a finding asks of the person; only a block keeps an event from being sent."""

    BLOCK = "block"
    WARN = "warn"
    INFORM = "inform"


ORDER = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at.

    `code` is stable and dotted. `message` says what it is and what that means, `advice` what to
    do. `field` is where: a form field's name, `("indicators", row)`, or "" for the whole.
    `link` is a local URL that the reader may open, `link_text` what it is called, `about` the event
    that it leads to. `permission` is the right to override a block by giving a reason; a block
    without it stands whatever anybody says.
    """

    code: str
    level: Level
    message: str
    advice: str = ""
    field: Field = ""
    link: str = ""
    link_text: str = ""
    permission: str = ""
    about: UUID | None = None

    @property
    def needs_reason(self) -> bool:
        """Whether this is a block that can be overridden."""
        return self.level is Level.BLOCK and bool(self.permission)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as far as it is written; anything may be missing.

    `rows` are (indicator type, value) as typed, at the indexes that the form gave them.
    `submission_id` is the event's own, so that it is not found to have been seen before. `was_red`:
    it was copied from what was TLP:RED.
    """

    rows: tuple[tuple[str, str], ...] = ()
    date: datetime | None = None
    tlp: Tlp | None = None
    raw_tlp: Tlp | None = None
    dataset_id: str = ""
    category: str = ""
    industry: str = ""
    submission_id: UUID | None = None
    was_red: bool = False

    @property
    def strictest(self) -> Tlp | None:
        """The stricter of the two labels; None while the event has none."""
        if self.tlp is None or self.raw_tlp is None:
            return self.tlp
        return max(self.tlp, self.raw_tlp, key=lambda label: label.strictness)

    @classmethod
    def of(
        cls, payload: EventCreate, submission_id: UUID | None = None, *, was_red: bool = False
    ) -> "Entry":
        """The entry that `payload` was made of."""
        return cls(
            rows=tuple((row.indicator_type, row.value) for row in payload.rows),
            date=payload.date,
            tlp=label_of(payload.tlp),
            raw_tlp=label_of(payload.raw.tlp) if payload.raw.tlp else None,
            dataset_id=payload.dataset_id or "",
            category=payload.category,
            industry=payload.target_industry or "",
            submission_id=submission_id,
            was_red=was_red,
        )


def label_of(wire: str) -> Tlp:
    """The label that is sent as `wire`; RED for a text that nobody knows, `purple` among them."""
    return label_of_wire(wire, settings.TLP_WIRE) or Tlp.RED


def row_field(row: int) -> Field:
    """The `field` of a finding about the row at the index `row`."""
    return ("indicators", row)


def shown(value: str) -> str:
    """`value` as a sentence may hold it: on one line, and not endless."""
    text = " ".join(value.split())
    return text if len(text) <= 100 else f"{text[:99]}…"
