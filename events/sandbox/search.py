"""Filters: the ways in which clients write them, their limits, and what they mean in SQL.

The list can be asked by POST, with filters in its body. By GET Cloudflare documents one JSON array
for the sister endpoints; clients write two other encodings. The sandbox reads one way at a time
and is silent about the others, as a server is that does not know a parameter.

Decisions of our own where nothing is documented: `contains`, `startsWith`, `endsWith`, `like` and
`find` ignore the case of ASCII letters, `like` takes `%` and `_`, a filter on a list (tags,
indicators) holds if it holds for one of its items, and `not` if `equals` holds for none.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from events.sandbox.messages import refuse_invalid

CONDITIONS_MAX = 10
BRANCHES_MAX = 8
IN_MAX = 100
VALUE_MAX = 512

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
_NO_PATTERNS = frozenset({"number", "boolean"})

_INDEXED = re.compile(r"search\[(\d{1,3})\]\[(field|op|value)\](?:\[\d*\])?")
Pairs = Sequence[tuple[str, str]]


class Filter(NamedTuple):
    """One filter; `values` has one item, except for `in`."""

    field: str
    op: str
    values: tuple[str, ...]


class Condition(NamedTuple):
    """A piece of SQL that is true or false of a row, and what it binds."""

    sql: str
    values: tuple[Any, ...]


def read_filters(query: str, encoding: str) -> tuple[Filter, ...]:
    """The filters that `query` writes in the `encoding` "parallel", "indexed" or "json".

    Raises `Refusal` 400 for filters in that encoding that cannot be understood.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    if encoding == "json":
        return filters_from(json_array(pairs, "search"), "search")
    found = _READERS[encoding](pairs)
    return _all_checked(found, "search", FIELDS)


def filters_from(
    items: Any, path: str, fields: Sequence[str] = FIELDS, limit: int = CONDITIONS_MAX
) -> tuple[Filter, ...]:
    """The filters in a JSON array of `{field, op, value}`. Raises `Refusal` 400."""
    if not isinstance(items, list):
        raise refuse_invalid(path, 'has to be [{"field": "…", "op": "…", "value": "…"}].')
    found = [_from_object(item, f"{path}.{number}") for number, item in enumerate(items)]
    return _all_checked(found, path, fields, limit)


def json_array(pairs: Pairs, name: str) -> list[Any]:
    """The JSON array that the query holds as text at `name`; none: empty. Raises `Refusal` 400."""
    text = dict(pairs).get(name, "")
    try:
        items = json.loads(text) if text else []
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise refuse_invalid(name, "has to be a JSON array.")
    return items


def condition(candidate: Filter) -> Condition:
    """What a filter of events means. Raises `Refusal` 400 for a value that a field cannot have."""
    if candidate.field in _LISTS:
        return _condition_on_list(candidate)
    kind, column = _SCALARS[candidate.field]
    return compare(candidate, kind, column)


def joined(conditions: Sequence[Condition], word: str) -> Condition:
    """All conditions (`word` AND) or one of them (OR); at least one is needed."""
    sql = f" {word} ".join(each.sql for each in conditions)
    return Condition(f"({sql})", tuple(value for each in conditions for value in each.values))


def order_column(field: str) -> str:
    """The SQL expression to sort by. Raises `Refusal` 400 for a field that does not sort."""
    if field not in _SCALARS:
        raise refuse_invalid("orderBy", f"{field!r} does not sort. Write {', '.join(_SCALARS)}.")
    return _SCALARS[field][1]


def _read_parallel(pairs: Pairs) -> list[Filter]:
    fields, ops, values = (
        [value for name, value in pairs if name == f"search.{part}"]
        for part in ("field", "op", "value")
    )
    if len(fields) != len(ops):
        raise refuse_invalid("search", "every filter needs a field, an op and a value.")
    surplus = len(values) - len(fields)
    if surplus < 0 or (surplus and ops.count("in") != 1):
        raise refuse_invalid("search", "it is not clear which value belongs to which op.")
    filters, rest = [], iter(values)
    for field, op in zip(fields, ops, strict=True):
        take = 1 + (surplus if op == "in" else 0)
        filters.append(Filter(field, op, tuple(next(rest) for _ in range(take))))
    return filters


def _read_indexed(pairs: Pairs) -> list[Filter]:
    parts: dict[int, dict[str, list[str]]] = {}
    for name, value in pairs:
        if found := _INDEXED.fullmatch(name):
            part = parts.setdefault(int(found[1]), {"field": [], "op": [], "value": []})
            part[found[2]].append(value)
    ordered = [part for _, part in sorted(parts.items())]
    if any(len(part["field"]) != 1 or len(part["op"]) != 1 for part in ordered):
        raise refuse_invalid("search", "every filter needs one field, one op and a value.")
    return [Filter(part["field"][0], part["op"][0], tuple(part["value"])) for part in ordered]


_READERS: dict[str, Callable[[Pairs], list[Filter]]] = {
    "parallel": _read_parallel,
    "indexed": _read_indexed,
}


def _from_object(item: Any, path: str) -> Filter:
    if not isinstance(item, Mapping) or not {"field", "op", "value"} <= set(item):
        raise refuse_invalid(path, "needs a field, an op and a value.")
    field, op, value = item["field"], item["op"], item["value"]
    if (op == "in") is not isinstance(value, list):
        raise refuse_invalid(f"{path}.value", "is a list for in, and no list for other ops.")
    kind = _SCALARS.get(str(field), ("text", ""))[0]
    values = value if isinstance(value, list) else [value]
    if not all(_has_type(each, kind) for each in values):
        raise refuse_invalid(f"{path}.value", f"is not of the type that {field} has.")
    return Filter(str(field), str(op), tuple(map(_as_text, values)))


def _has_type(value: Any, kind: str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) or kind == "boolean" or (kind == "number" and is_number)


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace").decode()


def _all_checked(
    found: Sequence[Filter], path: str, fields: Sequence[str], limit: int = CONDITIONS_MAX
) -> tuple[Filter, ...]:
    if len(found) > limit:
        raise refuse_invalid(path, f"has {limit} conditions at most.")
    for number, each in enumerate(found):
        _check(each, f"{path}.{number}", fields)
    return tuple(found)


def _check(candidate: Filter, path: str, fields: Sequence[str]) -> None:
    field, op, values = candidate
    kind = _SCALARS.get(field, ("text", ""))[0]
    if field not in fields:
        raise refuse_invalid(f"{path}.field", f"{field!r} is not one of {', '.join(fields)}.")
    if op not in OPS:
        raise refuse_invalid(f"{path}.op", f"{op!r} is not one of {', '.join(OPS)}.")
    if op in _PATTERNS and kind in _NO_PATTERNS:
        raise refuse_invalid(f"{path}.op", f"{op} does not apply to {field}.")
    if not values or (len(values) > 1 and op != "in"):
        raise refuse_invalid(f"{path}.value", f"{op} takes one value.")
    if len(values) > IN_MAX:
        raise refuse_invalid(f"{path}.value", f"in takes {IN_MAX} values at most.")
    if not all(1 <= len(value) <= VALUE_MAX for value in values):
        raise refuse_invalid(f"{path}.value", f"has 1 to {VALUE_MAX} characters.")


def _condition_on_list(candidate: Filter) -> Condition:
    source, column = _LISTS[candidate.field]
    is_not = candidate.op == "not"
    inner = compare(candidate._replace(op="equals") if is_not else candidate, "text", column)
    negation = "NOT " if is_not else ""
    return Condition(
        f"{negation}EXISTS (SELECT 1 FROM json_each({source}) AS item WHERE {inner.sql})",  # noqa: S608
        inner.values,
    )


def compare(candidate: Filter, kind: str, column: str) -> Condition:
    """The filter on an SQL expression of `kind` "text", "date", "number" or "boolean"."""
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
            raise refuse_invalid("search.value", f"{text!r} is not a number for {field}.") from None
    if kind == "boolean":
        if text not in {"true", "false"}:
            raise refuse_invalid("search.value", f"{field} is true or false, not {text!r}.")
        return float(text == "true")
    return text
