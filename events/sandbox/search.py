"""Filters of the list: the three ways in which clients write them, and what they mean in SQL.

How the real API encodes `search` is not documented. The sandbox reads one way at a time and is
silent about the others, as a server is that does not know a parameter.

Decisions of our own where nothing is documented: `contains`, `startsWith`, `endsWith`, `like` and
`find` ignore the case of ASCII letters, `like` takes `%` and `_`, a filter on a list (tags,
indicators) holds if it holds for one of its items, and `not` if `equals` holds for none.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from events.sandbox.messages import Refusal, refuse_field

IN_MAX = 100
VALUE_MAX = 8_192

_TEXTS = (
    *("attacker", "attackerCountry", "category", "event"),
    *("targetCountry", "targetIndustry", "tlp", "uuid"),
)
_SCALARS: dict[str, tuple[str, str]] = {
    **{field: ("text", f"json_extract(answer, '$.{field}')") for field in _TEXTS},
    "createdAt": ("date", "created_at"),
    "date": ("date", "json_extract(answer, '$.date')"),
    "killChain": ("number", "json_extract(answer, '$.killChain')"),
    "hasChildren": ("boolean", "json_extract(answer, '$.hasChildren')"),
}
_LISTS: dict[str, tuple[str, str]] = {
    "indicator": ("indicators", "json_extract(item.value, '$.value')"),
    "indicatorType": ("indicators", "json_extract(item.value, '$.indicatorType')"),
    "mitreAttack": ("json_extract(answer, '$.mitreAttack')", "item.value"),
    "mitreCapec": ("json_extract(answer, '$.mitreCapec')", "item.value"),
    "tags": ("json_extract(answer, '$.tags')", "item.value"),
}
FIELDS = (*_SCALARS, *_LISTS)
_COMPARISONS = {"equals": "=", "not": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PATTERNS = {
    "like": "{}",
    "contains": "%{}%",
    "find": "%{}%",
    "startsWith": "{}%",
    "endsWith": "%{}",
}
OPS = (*_COMPARISONS, *_PATTERNS, "in")

_INDEXED = re.compile(r"search\[(\d{1,3})\]\[(field|op|value)\](?:\[\d*\])?")


class Filter(NamedTuple):
    """One filter; `values` has one item, except for `in`."""

    field: str
    op: str
    values: tuple[str, ...]


class Condition(NamedTuple):
    """A piece of SQL that is true or false of a row of `events`, and what it binds."""

    sql: str
    values: tuple[Any, ...]


def read_filters(query: str, encoding: str) -> tuple[Filter, ...]:
    """The filters that `query` writes in the `encoding` "parallel", "indexed" or "json".

    Raises `Refusal` 400 for filters in that encoding that cannot be understood.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    match encoding:
        case "indexed":
            found = _read_indexed(pairs)
        case "json":
            found = _read_json(pairs)
        case _:
            found = _read_parallel(pairs)
    return tuple(_checked(candidate) for candidate in found)


def condition(candidate: Filter) -> Condition:
    """What a filter means. Raises `Refusal` 400 for a value that its field cannot have."""
    if candidate.field in _LISTS:
        return _condition_on_list(candidate)
    kind, column = _SCALARS[candidate.field]
    return _compare(candidate, kind, column)


def order_column(field: str) -> str:
    """The SQL expression to sort by. Raises `Refusal` 400 for a field that does not sort."""
    if field not in _SCALARS:
        raise refuse_field("orderBy", f"{field!r} does not sort. Write {', '.join(_SCALARS)}.")
    return _SCALARS[field][1]


def _read_parallel(pairs: Sequence[tuple[str, str]]) -> list[Filter]:
    fields, ops, values = (
        [value for name, value in pairs if name == f"search.{part}"]
        for part in ("field", "op", "value")
    )
    if len(fields) != len(ops):
        raise Refusal(400, {"message": "search: every filter needs a field, an op and a value."})
    surplus = len(values) - len(fields)
    if surplus < 0 or (surplus and ops.count("in") != 1):
        raise Refusal(400, {"message": "search: it is not clear which value belongs to which op."})
    filters, rest = [], iter(values)
    for field, op in zip(fields, ops, strict=True):
        take = 1 + (surplus if op == "in" else 0)
        filters.append(Filter(field, op, tuple(next(rest) for _ in range(take))))
    return filters


def _read_indexed(pairs: Sequence[tuple[str, str]]) -> list[Filter]:
    parts: dict[int, dict[str, list[str]]] = {}
    for name, value in pairs:
        if found := _INDEXED.fullmatch(name):
            part = parts.setdefault(int(found[1]), {"field": [], "op": [], "value": []})
            part[found[2]].append(value)
    ordered = [part for _, part in sorted(parts.items())]
    if any(len(part["field"]) != 1 or len(part["op"]) != 1 for part in ordered):
        raise Refusal(400, {"message": "search: every filter needs one field, one op and a value."})
    return [Filter(part["field"][0], part["op"][0], tuple(part["value"])) for part in ordered]


def _read_json(pairs: Sequence[tuple[str, str]]) -> list[Filter]:
    text = dict(pairs).get("search", "")
    if not text:
        return []
    try:
        return [_from_object(item) for item in json.loads(text)]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal(
            400, {"message": 'search: write [{"field": "…", "op": "…", "value": "…"}] as JSON.'}
        ) from None


def _from_object(item: Mapping[str, Any]) -> Filter:
    value = item["value"]
    values = value if isinstance(value, list) else [value]
    return Filter(str(item["field"]), str(item["op"]), tuple(map(_as_text, values)))


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace").decode()


def _checked(candidate: Filter) -> Filter:
    if candidate.field not in FIELDS:
        raise refuse_field(
            "search.field", f"{candidate.field!r} is not one of {', '.join(FIELDS)}."
        )
    if candidate.op not in OPS:
        raise refuse_field("search.op", f"{candidate.op!r} is not one of {', '.join(OPS)}.")
    if not candidate.values or (len(candidate.values) > 1 and candidate.op != "in"):
        raise refuse_field("search.value", f"{candidate.op} takes one value.")
    if len(candidate.values) > IN_MAX:
        raise refuse_field("search.value", f"in takes up to {IN_MAX} values.")
    if any(len(value) > VALUE_MAX for value in candidate.values):
        raise refuse_field("search.value", f"a value has {VALUE_MAX:,} characters at most.")
    return candidate


def _condition_on_list(candidate: Filter) -> Condition:
    source, column = _LISTS[candidate.field]
    is_not = candidate.op == "not"
    inner = _compare(candidate._replace(op="equals") if is_not else candidate, "text", column)
    negation = "NOT " if is_not else ""
    return Condition(
        f"{negation}EXISTS (SELECT 1 FROM json_each({source}) AS item WHERE {inner.sql})",  # noqa: S608
        inner.values,
    )


def _compare(candidate: Filter, kind: str, column: str) -> Condition:
    if candidate.op in _PATTERNS:
        return Condition(f"{column} LIKE ? ESCAPE '\\'", (_pattern(candidate),))
    is_date = kind == "date"
    left, mark = (f"julianday({column})", "julianday(?)") if is_date else (column, "?")
    values = tuple(_value(kind, candidate.field, text) for text in candidate.values)
    if candidate.op == "in":
        return Condition(f"{left} IN ({', '.join([mark] * len(values))})", values)
    return Condition(f"{left} {_COMPARISONS[candidate.op]} {mark}", values)


def _pattern(candidate: Filter) -> str:
    text = candidate.values[0]
    if candidate.op != "like":
        text = re.sub(r"([\\%_])", r"\\\1", text)
    return _PATTERNS[candidate.op].format(text)


def _value(kind: str, field: str, text: str) -> str | float:
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            raise refuse_field("search.value", f"{text!r} is not a number for {field}.") from None
    if kind == "boolean":
        if text not in {"true", "false"}:
            raise refuse_field("search.value", f"{field} is true or false, not {text!r}.")
        return float(text == "true")
    return text
