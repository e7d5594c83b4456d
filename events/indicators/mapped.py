"""A text that was edited and still knows where each of its characters came from."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mapped:
    """An edited text beside the raw one; `origin[i]` is where `text[i]` stood in `raw`."""

    text: str
    raw: str
    origin: tuple[int, ...] | range

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

    def edit(self, edits: Iterable[tuple[int, int, str]]) -> "Mapped":
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
        return Mapped("".join(text), self.raw, tuple(origin))


Rule = Callable[[Mapped], Mapped]


def substitution(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Rule:
    """A rule that replaces each match of a pattern by a text or by what a function makes of it."""
    compiled = re.compile(pattern)

    def rule(mapped: Mapped) -> Mapped:
        return mapped.edit(
            (m.start(), m.end(), new if isinstance(new, str) else new(m))
            for m in compiled.finditer(mapped.text)
        )

    return rule
