"""Owns the four known ways of asking for a filtered list, and the limits of its filters.

By POST the filters are JSON in the body, which ends the question of how to write them into an
address, keeps what is looked for out of it, and has no length limit. Clients differ in how a GET
writes them: an operator finds out which way works and sets it, and nothing here guesses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from events.cloudflare.records import Filter

SearchStyle: TypeAlias = Literal["post", "json", "parallel", "indexed"]
Query: TypeAlias = list[tuple[str, str]]
# A filter value as JSON; several for `in`.
Operand: TypeAlias = str | int | bool | list[str]

FILTERS_MAX: Final = 10
IN_MAX: Final = 100
FILTER_VALUE_MAX: Final = 512


def search_query(filters: Sequence[Filter], style: SearchStyle) -> Query:
    """The query parameters of `filters`; none for no filters, nor where they are in the body."""
    write = _WRITERS[style]
    return write(filters) if filters and write else []


def search_json(filters: Sequence[Filter]) -> list[dict[str, Operand]]:
    """`filters` as the API's own JSON: `[{"field": …, "op": …, "value": …}]`."""
    return [{"field": item.field, "op": item.op, "value": _operand(item)} for item in filters]


def as_json(value: Any) -> str:
    """`value` as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def is_searchable(text: str) -> bool:
    """Whether `text` can be the value of a filter.

    The API counts as JavaScript does, in UTF-16: a character outside the basic plane is two.
    """
    try:
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return False
    return 1 <= units <= FILTER_VALUE_MAX


def problem_with(filters: Sequence[Filter]) -> str:
    """Why the API would not take `filters`, as a sentence; empty if it would."""
    if len(filters) > FILTERS_MAX:
        return f"A search takes up to {FILTERS_MAX} filters; these are {len(filters)}."
    return next(filter(None, map(_problem, filters)), "")


def _problem(item: Filter) -> str:
    if isinstance(item.value, int):
        return ""
    values = list(_texts(item))
    if not 1 <= len(values) <= IN_MAX:
        return f"The filter on {item.field} takes 1 to {IN_MAX} values; these are {len(values)}."
    if not all(map(is_searchable, values)):
        return (
            f"The filter on {item.field} holds a value that is empty, longer than "
            f"{FILTER_VALUE_MAX} characters, or no text that can be sent."
        )
    return ""


def _parallel(filters: Sequence[Filter]) -> Query:
    """search.field=…&search.op=…&search.value=…, as the official SDK writes them."""
    return [
        *(("search.field", item.field) for item in filters),
        *(("search.op", item.op) for item in filters),
        *(("search.value", value) for item in filters for value in _texts(item)),
    ]


def _indexed(filters: Sequence[Filter]) -> Query:
    """search[0][field]=…&search[0][op]=…&search[0][value]=…"""
    query: Query = []
    for index, item in enumerate(filters):
        query += [(f"search[{index}][field]", item.field), (f"search[{index}][op]", item.op)]
        query += [(f"search[{index}][value]", value) for value in _texts(item)]
    return query


def _json(filters: Sequence[Filter]) -> Query:
    """search=[{"field":…,"op":…,"value":…}]"""
    return [("search", as_json(search_json(filters)))]


# In the order in which they are worth trying.
_WRITERS: Mapping[SearchStyle, Callable[[Sequence[Filter]], Query] | None] = {
    "post": None,
    "json": _json,
    "parallel": _parallel,
    "indexed": _indexed,
}

SEARCH_STYLES: tuple[SearchStyle, ...] = tuple(_WRITERS)


def _operand(item: Filter) -> Operand:
    return item.value if isinstance(item.value, str | int) else list(item.value)


def _texts(item: Filter) -> Iterable[str]:
    if isinstance(item.value, bool):
        return ["true" if item.value else "false"]
    if isinstance(item.value, str | int):
        return [str(item.value)]
    return item.value
