"""Cells and list items whose heading alone says what they are: AS numbers, mutexes, user agents."""

import re
from collections.abc import Iterator

from events.indicators.line import Found, Line
from events.indicators.scan import normalised

_BY_HEADING = frozenset({"asn", "mutex", "user_agent"})
_ITEM = re.compile(r"[\s*•>–-]*(?:\d{1,3}[.)]\s)?\s*")
_QUOTES = " \t\"'`“”„«»"
_MAX_ITEM = 120


def find_in_cells(line: Line) -> list[Found]:
    """What the columns or the heading above declare in this line."""
    headings = line.headings
    if headings.heading == "mutex":
        return [found for found in [_mutex_item(line)] if found]
    if _BY_HEADING.isdisjoint(headings.columns.values()):
        return []
    cells = _cells(line.text, headings.separator)
    found = (
        _cell(line, headings.columns.get(number, ""), start, end)
        for number, (start, end) in enumerate(cells)
    )
    return [cell for cell in found if cell]


def _mutex_item(line: Line) -> Found | None:
    bullet = _ITEM.match(line.text)
    start = bullet.end() if bullet else 0
    text = line.text[start:].rstrip()
    if not text or len(text) > _MAX_ITEM or len(text.split()) > 3 or text.endswith((":", ".")):
        return None
    return _trimmed("mutex", line, start, start + len(text))


def _cells(text: str, separator: str) -> Iterator[tuple[int, int]]:
    """The spans of a line's cells; a separator inside double quotes does not count."""
    start, quoted = 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            yield start, at
            start = at + 1
    yield start, len(text)


def _cell(line: Line, kind: str, start: int, end: int) -> Found | None:
    if kind not in _BY_HEADING:
        return None
    return _trimmed(kind, line, start, end)


def _trimmed(kind: str, line: Line, start: int, end: int) -> Found | None:
    text = line.text[start:end]
    inner = text.strip(_QUOTES)
    at = start + text.find(inner)
    return normalised(Found(kind, inner, at, at + len(inner)))
