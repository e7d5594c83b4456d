"""Reading a form: from what was typed to the event that is sent, or to every fault at once.

What is required and how long it may be is the payload's to say; here is only what exists in a
form and not in an event: texts that stand for moments, maps and lists, and the paste box.
"""

from datetime import datetime
from typing import Any

from django.conf import settings

from events.forms.faults import Fault, from_problems, row_field
from events.forms.moments import parse_moment
from events.forms.typed import TEXTS, Typed
from events.outbox import is_mark
from events.payload import (
    LABELS,
    EventCreate,
    Indicator,
    Tlp,
    ValidationError,
    parse_map,
    problems,
)
from events.reference import References

_DIGITS_MOST = 20
_PLAIN = ("category", "event", "insight", "attacker", "target_industry")
_COUNTRIES = ("attacker_country", "target_country")


def read(typed: Typed, references: References) -> tuple[EventCreate | None, tuple[Fault, ...]]:
    """The event that `typed` describes and no faults, or None and what is wrong, in form order."""
    return _Reading(typed, references).result()


class _Reading:
    """One pass over the fields, which collects faults instead of stopping at the first."""

    def __init__(self, typed: Typed, references: References) -> None:
        self.typed = typed
        self.references = references
        self.faults: list[Fault] = []

    def result(self) -> tuple[EventCreate | None, tuple[Fault, ...]]:
        fields = self._fields()
        rows = self._indicators()
        payload: EventCreate | None = None
        try:
            payload = EventCreate.with_indicators(rows, **fields)
        except ValidationError as error:
            blank = frozenset(name for name in TEXTS if not self.typed[name].strip())
            known = {fault.field for fault in self.faults}
            found = from_problems(problems(error), blank)
            self.faults += [fault for fault in found if fault.field not in known]
        if self.faults:
            return None, tuple(sorted(self.faults, key=_place))
        return payload, ()

    def _text(self, name: str) -> str:
        return self.typed[name].replace("\r\n", "\n").strip()

    def _fault(self, field: str, message: str) -> None:
        self.faults.append(Fault(field, message))

    def _fields(self) -> dict[str, Any]:
        if self._text("indicator_text"):
            self._fault(
                "indicator_text",
                "The paste box still holds text. Press Parse to make rows of it, or clear the box.",
            )
        given = {name: self._text(name) for name in _PLAIN}
        given |= {name: self._country(name) for name in _COUNTRIES}
        return {
            **{name: value for name, value in given.items() if value},
            **self._date(),
            "tlp": self._tlp("tlp"),
            "raw": self._raw(),
            "dataset_id": self._dataset(),
            "tags": self._tags(),
            "account_id": self._account_id(),
            "source": self._source(),
        }

    def _date(self) -> dict[str, datetime]:
        if not self._text("date"):
            return {}
        try:
            return {"date": parse_moment(self._text("date"))}
        except ValueError as error:
            self._fault("date", str(error))
            return {}

    def _country(self, name: str) -> str:
        code = self._text(name).upper()
        if code and code not in self.references.country_codes:
            self._fault(
                name,
                f"{LABELS[name]}: {code[:20]} is not a country code of ISO 3166. "
                "Choose a country from the list.",
            )
            return ""
        return code

    def _tlp(self, name: str) -> str:
        """The text to send for the label that was chosen."""
        if not self._text(name):
            return ""
        try:
            return str(settings.TLP_WIRE[Tlp.from_text(self._text(name))])
        except ValueError:
            self._fault(name, "This is not a TLP label. Choose one of the five.")
            return ""

    def _raw(self) -> dict[str, Any]:
        return {
            "data": self._raw_data(),
            "source": self._text("raw_source") or None,
            "tlp": self._tlp("raw_tlp") or None,
        }

    def _raw_data(self) -> dict[str, Any]:
        try:
            data = parse_map(self.typed["raw_data"])
        except ValueError as error:
            self._fault("raw_data", str(error))
            return {}
        if own := next(filter(is_mark, data), ""):
            self._fault(
                "raw_data",
                f'The key "{own.strip()[:40]}" is where Event Desk writes its own reference. '
                "Give yours another name.",
            )
        return data

    def _dataset(self) -> str | None:
        chosen = self._text("dataset_id")
        if not chosen or chosen == settings.CLOUDFLARE.dataset_id:
            return chosen or None
        dataset = self.references.dataset(chosen)
        if dataset is None and self.references.fetched_at is not None:
            self._fault(
                "dataset_id", "The API does not list this dataset. Choose one from the list."
            )
        elif dataset is not None and not dataset.writable:
            self._fault(
                "dataset_id",
                f"{dataset.name} is read-only: no events can be added. Choose another dataset.",
            )
        return chosen

    def _account_id(self) -> int | None:
        text = self._text("account_id")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal()):
            self._fault(
                "account_id",
                f"Account id: {text[:40]} is not a whole number. Write digits alone, such as "
                "123456, or leave it empty.",
            )
            return None
        # With more digits than any account id has, the first of them are too large as well.
        return int(text[:_DIGITS_MOST])

    def _source(self) -> dict[str, str] | None:
        article, title = self._text("source_id"), self._text("source_title")
        if title and not article:
            self._fault(
                "source_id",
                "Article id is missing beside its title. Write the article's uuid, such as "
                "3fa85f64-5717-4562-b3fc-2c963f66afa6, or clear the title.",
            )
        if not article:
            return None
        return {"resource_id": article} | ({"title": title} if title else {})

    def _tags(self) -> tuple[str, ...] | None:
        parts = (part.strip() for part in self._text("tags").split(","))
        return tuple(dict.fromkeys(part for part in parts if part)) or None

    def _indicators(self) -> list[Indicator]:
        spelling = {name.casefold(): name for name in self.references.indicator_types}
        found = []
        for number, row in enumerate(self.typed.rows):
            if row.is_blank:
                continue
            kind, value = row.indicator_type.strip(), row.value.strip()
            kind = spelling.get(kind.casefold(), kind)
            try:
                found.append(Indicator(indicator_type=kind, value=value))
            except ValidationError as error:
                for problem in problems(error):
                    name = str(problem.field[0])
                    self._fault(row_field(number, name), f"Row {number + 1}: {problem.message}")
        return found


_ORDER = {name: place for place, name in enumerate(TEXTS)}
_ORDER |= {"": -1, "indicators": 4, "indicator_text": 4}


def _place(fault: Fault) -> float:
    return _ORDER.get(fault.field, 4.5)
