"""From any text to review rows: what it holds, folded, in the order of first appearance."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from events.indicators.cells import find_in_cells
from events.indicators.defanging import undo
from events.indicators.hosts import to_unicode
from events.indicators.kinds import Extraction, Row
from events.indicators.line import Found, Headings, Line
from events.indicators.mapped import Mapped
from events.indicators.scan import scan

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+|\n\s*\n")


@dataclass(slots=True)
class _Folded:
    found: Found
    seen: str
    count: int = 1


def extract(text: str, *, limit: int = 10_000) -> Extraction:
    """Find every indicator of a text, defanged or not.

    `limit` bounds the distinct rows; those beyond it are counted in `dropped`. The time is linear
    in the length of the text, whatever it holds.
    """
    folded: dict[tuple[str, str], _Folded] = {}
    beyond: set[tuple[str, str]] = set()
    total = 0
    for found, seen in _occurrences(undo(text)):
        total += 1
        key = (found.kind, found.value)
        if key in folded:
            folded[key].count += 1
        elif len(folded) < limit:
            folded[key] = _Folded(found, seen)
        else:
            beyond.add(key)
    rows = tuple(row(item.found, item.seen, item.count) for item in folded.values())
    return Extraction(rows, len(beyond), total)


def _occurrences(source: Mapped) -> Iterator[tuple[Found, str]]:
    headings = Headings()
    for match in _LINE.finditer(source.text):
        line = Line(match[0], match.start(), source, headings)
        found = find_in_line(line)
        for item in found:
            yield item, line.seen(item.start, item.end)
        headings.read(line.text, had_rows=bool(found))


def find_in_line(line: Line) -> list[Found]:
    """The indicators of one line, from its cells' headings first, in order."""
    declared = find_in_cells(line)
    scanned = [
        item
        for item in scan(line)
        if not any(item.start < cell.end and cell.start < item.end for cell in declared)
    ]
    return sorted([*declared, *scanned], key=lambda item: item.start)


def row(found: Found, seen: str, count: int = 1) -> Row:
    """The review row of something found; names in both spellings."""
    return Row(
        kind=found.kind,
        value=found.value,
        seen=seen,
        count=count,
        doubt=found.doubt,
        alternatives=found.alternatives,
        display=displayed(found.kind, found.value),
        ascii=found.value,
    )


def displayed(kind: str, value: str) -> str:
    """The value with the U-labels of its host, for people."""
    if "xn--" not in value or kind not in ("domain", "email", "url"):
        return value
    return re.sub(r"(?:[\w-]+\.)*xn--[\w-]+(?:\.[\w-]+)*", lambda m: to_unicode(m[0]), value)
