"""A text that was edited and still knows where each of its characters came from."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Mapped:
    """An edited text beside the raw one; `origin[i]` is where `text[i]` stood in `raw`."""

    text: str
    raw: str
    origin: list[int] | range

    @classmethod
    def of(cls, raw: str) -> "Mapped":
        """The text, not edited yet."""
        return cls(raw, raw, range(len(raw) + 1))

    def seen(self, start: int, end: int) -> str:
        """The raw spelling of `text[start:end]`."""
        return self.raw[self.origin[start] : self.origin[end]]

    def changed(self, start: int, end: int) -> bool:
        """Whether `text[start:end]` was written otherwise."""
        return self.seen(start, end).strip() != self.text[start:end]

    def edit(self, edits: Iterable[Edit]) -> "Mapped":
        """Apply (start, end, replacement) edits, ascending and not overlapping."""
        text: list[str] = []
        origin: list[int] = []
        at = 0
        for start, end, new in edits:
            if new == self.text[start:end]:
                continue
            text += (self.text[at:start], new)
            origin.extend(self.origin[at:start])
            one_to_one = len(new) == end - start
            origin.extend(self.origin[start:end] if one_to_one else [self.origin[start]] * len(new))
            at = end
        if not text:
            return self
        text.append(self.text[at:])
        origin.extend(self.origin[at:])
        return Mapped("".join(text), self.raw, origin)


Rule = Callable[[Mapped], Mapped]


def substitution(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Rule:
    """A rule that replaces each match of a pattern by a text or by what a function makes of it.

    Patterns begin with a character or a class, and look behind only then: that is what `re`
    searches fast.
    """
    compiled = re.compile(pattern)

    def rule(mapped: Mapped) -> Mapped:
        return mapped.edit(
            (m.start(), m.end(), new if isinstance(new, str) else new(m))
            for m in compiled.finditer(mapped.text)
        )

    return rule


def bracketed(pattern: str, new: str) -> Rule:
    """A rule for a sign in brackets inside a name, with up to two blanks on either side."""
    compiled = re.compile(pattern)

    def edits(text: str) -> Iterator[Edit]:
        last = 0
        for match in compiled.finditer(text):
            start, end = _with_blanks(text, match.start(), match.end())
            if start >= last and _joins(text, start, end):
                yield start, end, new
                last = end

    return lambda mapped: mapped.edit(edits(mapped.text))


def _with_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    start -= len(before) - len(before.rstrip(" \t"))
    return start, end + len(after) - len(after.lstrip(" \t"))


def _joins(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return bool(before and after) and (
        (before.isalnum() or before in "_])}") and (after.isalnum() or after in "_[({")
    )
