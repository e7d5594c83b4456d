"""Reading `expected.txt`: what everybody is to get at every address."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("expected.txt")
ALL = "*"


class Row(NamedTuple):
    """One line: a question about some objects, and what each person is to get."""

    method: str
    page: str
    asked: str
    objects: tuple[str, ...]
    answers: dict[str, str]


@lru_cache(maxsize=1)
def columns() -> tuple[str, ...]:
    """The people, in the order of the columns."""
    return next(tuple(right.split()) for left, right in _lines() if left.split()[0] == "method")


@lru_cache(maxsize=1)
def table() -> dict[tuple[str, str, str], tuple[Row, ...]]:
    """The lines by method, page and what is asked."""
    found: dict[tuple[str, str, str], tuple[Row, ...]] = {}
    for left, right in _lines():
        method, page, asked, objects = left.split()
        if method == "method":
            continue
        answers = dict(zip(columns(), right.split(), strict=True))
        row = Row(method, page, asked, tuple(objects.split(",")), answers)
        found[method, page, asked] = (*found.get((method, page, asked), ()), row)
    return found


def expected(method: str, page: str, asked: str, name: str) -> Row | None:
    """The line about the object `name`; None if there is none, or more than one."""
    rows = table().get((method, page, asked), ())
    own = [row for row in rows if name in row.objects]
    rest = [row for row in rows if ALL in row.objects]
    fitting = own or rest
    return fitting[0] if len(fitting) == 1 else None


def _lines() -> Iterator[tuple[str, str]]:
    for line in FILE.read_text().splitlines():
        text = line.partition("#")[0]
        if text.strip():
            left, _, right = text.partition("|")
            yield left, right
