"""The paste box: rows made of whatever was pasted, added to those that are there."""

from events import indicators
from events.forms.typed import NOTE_MAX, Row, Typed
from events.reference import References


def parsed(typed: Typed, references: References) -> Typed:
    """`typed` with a row for each indicator in the paste box, which is empty afterwards.

    A text in which nothing is found stays in the box. What is a row already is not added again.
    """
    there = {(row.indicator_type.casefold(), row.value.strip()) for row in typed.rows}
    found = indicators.extract(typed["indicator_text"]).rows
    if not found:
        return typed
    rows = [_row(item, references) for item in found]
    new = [row for row in rows if (row.indicator_type.casefold(), row.value) not in there]
    filled = [row for row in typed.rows if not row.is_blank]
    return typed.with_rows((*filled, *new)).with_text("indicator_text", "")


def _row(found: indicators.Row, references: References) -> Row:
    times = f"found {found.count} times" if found.count > 1 else ""
    note = " · ".join(filter(None, (found.doubt, times)))
    kind = indicators.api_type(found.kind, references.indicator_types)
    return Row(kind, found.value, note[:NOTE_MAX])
