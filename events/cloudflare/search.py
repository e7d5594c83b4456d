"""Owns the three known ways of writing list filters into a query.

Cloudflare does not document the encoding, and clients differ: an operator finds out which one works
and sets it, and nothing here guesses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

from events.cloudflare.records import Filter

SearchStyle: TypeAlias = Literal["parallel", "indexed", "json"]
Query: TypeAlias = list[tuple[str, str]]


def search_query(filters: Sequence[Filter], style: SearchStyle) -> Query:
    """The query parameters of `filters`; none for no filters."""
    return _WRITERS[style](filters) if filters else []


def _parallel(filters: Sequence[Filter]) -> Query:
    """search.field=…&search.op=…&search.value=…, as the official SDK writes them."""
    return [
        *(("search.field", item.field) for item in filters),
        *(("search.op", item.op) for item in filters),
        *(("search.value", value) for item in filters for value in _values(item)),
    ]


def _indexed(filters: Sequence[Filter]) -> Query:
    """search[0][field]=…&search[0][op]=…&search[0][value]=…"""
    query: Query = []
    for index, item in enumerate(filters):
        query += [(f"search[{index}][field]", item.field), (f"search[{index}][op]", item.op)]
        query += [(f"search[{index}][value]", value) for value in _values(item)]
    return query


def _json(filters: Sequence[Filter]) -> Query:
    """search=[{"field":…,"op":…,"value":…}]"""
    entries = [{"field": item.field, "op": item.op, "value": _json_value(item)} for item in filters]
    return [("search", json.dumps(entries, separators=(",", ":"), ensure_ascii=False))]


_WRITERS: dict[SearchStyle, Callable[[Sequence[Filter]], Query]] = {
    "parallel": _parallel,
    "indexed": _indexed,
    "json": _json,
}

SEARCH_STYLES: tuple[SearchStyle, ...] = tuple(_WRITERS)


def _json_value(item: Filter) -> str | int | bool | list[str]:
    return item.value if isinstance(item.value, str | int) else list(item.value)


def _values(item: Filter) -> Iterable[str]:
    if isinstance(item.value, bool):
        return ["true" if item.value else "false"]
    if isinstance(item.value, str | int):
        return [str(item.value)]
    return item.value
