"""What is wrong with what was typed: which field, and a sentence that says what to write."""

from collections.abc import Iterable
from typing import NamedTuple

from events.forms.typed import PREFIX
from events.payload import Problem

# By the first names of a path in the payload; the longest that fits counts.
_FIELDS = {
    ("raw",): "raw_data",
    ("raw", "source"): "raw_source",
    ("raw", "tlp"): "raw_tlp",
    ("source",): "source_id",
    ("source", "title"): "source_title",
}
_WHEN_BLANK = {
    "category": "Category is required. Choose what kind of event this is.",
    "date": "When is required. Write the time in UTC, such as 2022-04-01 00:00.",
    "event": "Event is required. Say in a sentence or two what happened.",
    "tlp": "TLP is required. Choose who may have this; there is no default.",
}


class Fault(NamedTuple):
    """`field` is a form field's name (`indicators-3-value` in a row); empty for the whole form."""

    field: str
    message: str

    @property
    def anchor(self) -> str:
        """The id of the element on the page to go to; empty if there is none."""
        if self.field == "tlp":
            return "id_tlp_0"
        return f"id_{self.field}" if self.field else ""


def row_field(number: int, name: str) -> str:
    """The name of the field `name` in the row at the index `number`."""
    return f"{PREFIX}-{number}-{name}"


def from_problems(problems: Iterable[Problem], blank: frozenset[str]) -> list[Fault]:
    """The payload's problems as faults of the form; `blank` fields get sentences of their own."""
    return [_fault(problem, blank) for problem in problems]


def _fault(problem: Problem, blank: frozenset[str]) -> Fault:
    path = tuple(part for part in problem.field if isinstance(part, str))
    field = _FIELDS.get(path[:2]) or _FIELDS.get(path[:1]) or next(iter(path), "")
    return Fault(
        field, _WHEN_BLANK[field] if field in blank & _WHEN_BLANK.keys() else problem.message
    )
