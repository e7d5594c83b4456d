"""Cells and list items whose heading alone says what they are: AS numbers, mutexes, user agents."""

import re
from collections.abc import Iterator

from events.indicators.line import Found, Line
from events.indicators.scan import normalised

_BY_HEADING = frozenset({"asn", "mutex", "user_agent"})
_ITEM = re.compile(r"[\s*•>–-]*(?:\d{1,3}[.)]\s)?\s*")
_QUOTES = " \t\"'`“”„«»"
_PRODUCT = re.compile(r"[\"'`]?[A-Za-z][\w.-]*/[\w.]+(?: |[\"'`]?$)")
_NAME = re.compile(r"\S{3,}(?: \S+){0,2}$")
_IDENTIFIER = re.compile(r"(?=\S*(?:[\d_{\\]|[a-z][A-Z]))\S{4,}$")
_MAX_ITEM = 400


def find_in_cells(line: Line) -> list[Found]:
    """What the columns or the heading above declare in this line."""
    headings = line.headings
    if headings.heading in ("mutex", "user_agent"):
        return [found for found in [_item(line, headings.heading)] if found]
    if _BY_HEADING.isdisjoint(headings.columns.values()):
        return []
    cells = _cells(line.text, headings.separator)
    found = (
        _cell(line, headings.columns.get(number, ""), start, end)
        for number, (start, end) in enumerate(cells)
    )
    return [cell for cell in found if cell]


def _item(line: Line, kind: str) -> Found | None:
    """A list's item under a heading: a mutex of few words, or products as a user agent has."""
    bullet = _ITEM.match(line.text)
    start = bullet.end() if bullet else 0
    text = line.text[start:].rstrip()
    fits = _PRODUCT if kind == "user_agent" else _NAME if start else _IDENTIFIER
    if len(text) > _MAX_ITEM or text.endswith((":", ".")) or not fits.match(text):
        return None
    return _trimmed(kind, line, start, start + len(text))


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
