"""The form as the checks take it: whatever can be read of it already, and nothing refused."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from events.forms.moments import parse_moment
from events.forms.typed import Typed
from events.payload import INDICATORS_MAX, Tlp
from events.vetting import Entry


def entry_of(typed: Typed, submission_id: UUID | None = None, *, was_red: bool = False) -> Entry:
    """What the checks may look at in `typed`; a field that cannot be read yet is left out.

    Rows keep their indexes. Those beyond what one event holds are not looked at: the form itself
    says that they are too many.
    """
    return Entry(
        rows=tuple((row.indicator_type, row.value) for row in typed.rows[:INDICATORS_MAX]),
        date=_moment(typed["date"]),
        tlp=_label(typed["tlp"]),
        raw_tlp=_label(typed["raw_tlp"]),
        dataset_id=typed["dataset_id"].strip(),
        category=typed["category"],
        industry=typed["target_industry"],
        submission_id=submission_id,
        was_red=was_red,
    )


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        return parse_moment(text)
    return None


def _label(text: str) -> Tlp | None:
    with suppress(ValueError):
        return Tlp.from_text(text)
    return None
