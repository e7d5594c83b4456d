"""What a form held: the text of every field as it was posted, and its indicator rows.

Nothing here is judged, so that nothing typed is lost, whatever was typed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.http import QueryDict

from events.payload import INDICATORS_MAX

PREFIX = "indicators"
TEXTS = (
    "category",
    "date",
    "event",
    "insight",
    "attacker",
    "attacker_country",
    "target_country",
    "target_industry",
    "tlp",
    "dataset_id",
    "tags",
    "raw_data",
    "raw_source",
    "raw_tlp",
    "source_id",
    "source_title",
    "account_id",
    "indicator_text",
)
NOTE_MAX = 300
_ROW_KEY = re.compile(rf"{PREFIX}-([0-9]+)-(?:indicator_type|value)", re.ASCII)


class Row(NamedTuple):
    """One indicator row. `note` says why the row should be looked at; it is never sent."""

    indicator_type: str = ""
    value: str = ""
    note: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written or chosen in this row."""
        return not self.indicator_type.strip() and not self.value.strip()


@dataclass(frozen=True)
class Typed:
    """The texts by field name (every name of `TEXTS` is there) and the rows."""

    texts: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    rows: tuple[Row, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def with_text(self, name: str, text: str) -> "Typed":
        """The same with another text in the field `name`."""
        return replace(self, texts={**self.texts, name: text})

    def with_rows(self, rows: tuple[Row, ...]) -> "Typed":
        """The same with other rows."""
        return replace(self, rows=rows)

    def to_draft(self) -> dict[str, Any]:
        """What a draft keeps: the texts, and `indicators` as rows of type and value."""
        rows = [
            {"indicator_type": row.indicator_type, "value": row.value}
            for row in self.rows
            if not row.is_blank
        ]
        return {**self.texts, "indicators": rows}

    @classmethod
    def from_draft(cls, draft: Mapping[str, Any]) -> "Typed":
        """What `to_draft` gave; a field that is missing there is empty."""
        rows = draft.get("indicators", [])
        return cls(
            {name: str(draft.get(name, "")) for name in TEXTS},
            tuple(Row(row.get("indicator_type", ""), row.get("value", "")) for row in rows),
        )

    @classmethod
    def from_post(cls, post: QueryDict) -> "Typed":
        """What a browser posted; rows in the order of their numbers, whatever the count said."""
        numbers = {match[1] for key in post if (match := _ROW_KEY.fullmatch(key))}
        return cls(
            {name: post.get(name, "") for name in TEXTS},
            tuple(_posted_row(post, number) for number in sorted(numbers, key=_in_order)),
        )


def _in_order(number: str) -> tuple[int, str]:
    """Numeric order without `int`, which refuses numbers of some thousand digits."""
    return len(number), number


def _posted_row(post: QueryDict, number: str) -> Row:
    name = f"{PREFIX}-{number}-"
    return Row(
        post.get(f"{name}indicator_type", ""),
        post.get(f"{name}value", ""),
        post.get(f"{name}note", "")[:NOTE_MAX],
    )


def count_problem(post: QueryDict, rows: tuple[Row, ...]) -> str:
    """What is wrong with the number of rows that the form claims; empty if it is right.

    Django's formsets trust `TOTAL_FORMS`: -1 drops every row without a word.
    """
    claim = post.get(f"{PREFIX}-TOTAL_FORMS", "")
    if claim.isascii() and claim.isdecimal() and claim.lstrip("0") == str(len(rows)).lstrip("0"):
        return ""
    said = f"said {claim[:12]}" if claim else "did not say how many"
    return (
        f"{len(rows):,} indicator rows arrived, but the form {said}. "
        "Compare the rows below with your source, then go on."
    )


def without_overflow(typed: Typed) -> tuple[Typed, str]:
    """`typed` with no more rows than an event holds, and a sentence if some had to move.

    The rest goes back into the paste box: the text is kept, and the page stays quick.
    """
    filled = [row for row in typed.rows if not row.is_blank]
    if len(filled) <= INDICATORS_MAX:
        return (typed if len(typed.rows) <= INDICATORS_MAX else typed.with_rows(tuple(filled))), ""
    rest = "\n".join(f"{row.indicator_type}\t{row.value}" for row in filled[INDICATORS_MAX:])
    box = "\n".join(filter(None, (typed["indicator_text"], rest)))
    return typed.with_rows(tuple(filled[:INDICATORS_MAX])).with_text("indicator_text", box), (
        f"{len(filled):,} indicators are more than one event holds. The first {INDICATORS_MAX:,} "
        "are rows below; the rest is in the paste box. Send them as a second event."
    )
