"""One line under the scanner: its text, what stood around it, and what was found in it."""

import re
from dataclasses import dataclass, field

from events.indicators.lexicon import CUE
from events.indicators.mapped import Mapped

_RULE_LINE = re.compile(r"[\s|:+=_*-]+")
_HEADING_LENGTH = 60
_FREE_TEXT = frozenset({"mutex", "user_agent", "secret", "version"})
_SHORT_HEADING = re.compile(r"\W*(?:\w[\w/-]*\W+){0,3}[\w/-]+\W*(?<!\.)")
_PLAIN_WORD = re.compile(r"[^\W\d_]+:?|.*:")
_CUE_REACH = 120


@dataclass(frozen=True, slots=True)
class Found:
    """One indicator in a line; `start` and `end` are offsets in the line's refanged text."""

    kind: str
    value: str
    start: int
    end: int
    doubt: str = ""
    alternatives: tuple[str, ...] = ()


@dataclass
class Headings:
    """What the lines above said about those below: a heading, or the columns of a table."""

    heading: str = ""
    columns: dict[int, str] = field(default_factory=dict)
    separator: str = ""
    _used: bool = False

    def read(self, text: str, *, had_rows: bool) -> None:
        """Learn from a line once it has been scanned."""
        if not text.strip():
            self._end_paragraph()
        elif had_rows:
            self._used = True
        elif not _RULE_LINE.fullmatch(text):
            self._read_columns(text)
            self._read_heading(text)

    def _end_paragraph(self) -> None:
        """A blank line ends a table, and a list of what only its heading explains."""
        self.columns = {}
        if self._used and self.heading in _FREE_TEXT:
            self.heading = ""

    def _read_columns(self, text: str) -> None:
        separator = max("\t|;,", key=text.count)
        cells = text.split(separator) if separator in text else []
        named = {number: cue for number, cell in enumerate(cells) if (cue := _only_cue(cell))}
        if named or not (self.columns and cells):
            self.columns, self.separator = named, separator

    def _read_heading(self, text: str) -> None:
        cue = _last_cue(text) if len(text) <= _HEADING_LENGTH and not self.columns else ""
        if cue in _FREE_TEXT and not _SHORT_HEADING.fullmatch(text):
            cue = ""
        is_item = len(text.split()) == 1 and not _PLAIN_WORD.fullmatch(text.strip())
        if cue or not is_item:
            self.heading, self._used = cue, False

    def column(self, text: str, offset: int) -> str:
        """What the column that holds this offset is called."""
        if not self.columns:
            return ""
        return self.columns.get(text[:offset].count(self.separator), "")

    def cue(self, text: str, offset: int) -> str:
        """What the column that holds this offset is called, else the heading."""
        return self.column(text, offset) if self.columns else self.heading


@dataclass(frozen=True, slots=True)
class Line:
    """A refanged line, the whole text it was cut from, and the headings above it."""

    text: str
    start: int
    source: Mapped
    headings: Headings

    def defanged(self, start: int, end: int) -> bool:
        """Whether this part was written in a defanged way: somebody took it for an indicator."""
        return self.source.changed(self.start + start, self.start + end)

    def seen(self, start: int, end: int) -> str:
        """The part as it was written."""
        return self.source.seen(self.start + start, self.start + end).strip()

    def before(self, start: int, length: int = 60) -> str:
        """Up to `length` characters that precede an offset."""
        return self.text[max(0, start - length) : start]

    def after(self, end: int, length: int = 40) -> str:
        """Up to `length` characters that follow an offset."""
        return self.text[end : end + length]

    def cue(self, start: int, end: int) -> str:
        """The nearest word that names a kind: before it, just behind it, else a heading."""
        return (
            _last_cue(self.before(start, _CUE_REACH))
            or _adjacent_cue(self.after(end))
            or self.headings.cue(self.text, start)
        )


def _last_cue(text: str) -> str:
    last = ""
    for match in CUE.finditer(text):
        last = match.lastgroup or ""
    return last


def _only_cue(cell: str) -> str:
    match = CUE.fullmatch(cell.strip(" \"'`*"))
    return (match.lastgroup or "") if match else ""


def _adjacent_cue(text: str) -> str:
    match = CUE.match(text.lstrip(" \t\"'`,;|(*[:=-"))
    return (match.lastgroup or "") if match else ""
