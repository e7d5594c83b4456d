"""The list of events, asked by GET and by POST: AND(search) AND OR(AND(branch), …), in pages."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from events.sandbox.asking import (
    Scope,
    completeness,
    invalid_cursor,
    read_cursor,
    refuse_beside_cursor,
    refuse_other_formats,
    scope_of,
    visible,
    whole_number,
    write_cursor,
)
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer, Refusal, refuse_code, refuse_invalid
from events.sandbox.search import (
    BRANCHES_MAX,
    FIELDS,
    Condition,
    Filter,
    condition,
    filters_from,
    joined,
    order_column,
    read_filters,
)
from events.sandbox.storing import shown

PAGE_SIZE = 100
PAGE_SIZE_MAX = 25_000
OFFSET_MAX = 100_000
_ENCODINGS = {"search-parallel": "parallel", "search-indexed": "indexed", "search-json": "json"}
_PLAIN = ("cursor", "order", "orderBy", "page", "pageSize")
_BODY = frozenset({*_PLAIN, "datasetId", "search", "searchBranches"})
_BESIDE_CURSOR = frozenset({"cursor", "pageSize"})
_BRANCH_FIELDS = tuple(field for field in FIELDS if field != "indicator")
_ORDERS = ("asc", "desc")


class Listing(NamedTuple):
    """What a list was asked for; a cursor carries all of it, the page size is beside it."""

    scope: Scope
    filters: tuple[Filter, ...]
    branches: tuple[tuple[Filter, ...], ...]
    order_by: str
    order: str
    offset: int


def list_events(desk: Desk, call: Call) -> Answer:
    """`GET …/events` and `POST …/events`: newest `date` first unless asked otherwise."""
    refuse_other_formats(call.query)
    if call.request.method == "POST":
        given, filters, branches = _read_body(call)
    else:
        given, filters, branches = _read_query(call)
    size = whole_number(given.get("pageSize", PAGE_SIZE), "pageSize", PAGE_SIZE_MAX)
    if "cursor" in given:
        refuse_beside_cursor(
            [*(set(given) - _BESIDE_CURSOR), *(["search"] if filters or branches else [])]
        )
        listing = _from_cursor(given["cursor"])
    else:
        listing = _from_parameters(desk, given, filters, branches, size)
    return _answer(desk, call, listing, size)


def _read_query(call: Call) -> tuple[dict[str, Any], tuple[Filter, ...], tuple[()]]:
    query = call.query
    given: dict[str, Any] = {name: query[name][-1] for name in _PLAIN if name in query}
    if "datasetId" in query:
        given["datasetId"] = query["datasetId"]
    encoding = _ENCODINGS.get(call.turn.search.name)
    return given, read_filters(call.request.query, encoding) if encoding else (), ()


def _read_body(
    call: Call,
) -> tuple[dict[str, Any], tuple[Filter, ...], tuple[tuple[Filter, ...], ...]]:
    if call.turn.method.name == "no-post":
        raise refuse_code(int(call.turn.method.seconds), 10405, "Method not allowed. Write GET.")
    body = call.json()
    for name, value in body.items():
        _check_part(name, value)
    filters = filters_from(body.pop("search", []), "search")
    branches = _branches(body.pop("searchBranches", []))
    return (body, (), ()) if _is_deaf(call) else (body, filters, branches)


def _check_part(name: str, value: Any) -> None:
    if name not in _BODY:
        raise refuse_invalid(name, "is not a part of a search.")
    if name in {"cursor", "order", "orderBy"} and not isinstance(value, str):
        raise refuse_invalid(name, "has to be text.")
    if name in {"page", "pageSize"} and isinstance(value, str):
        raise refuse_invalid(name, "has to be a number.")
    if name == "datasetId" and not (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    ):
        raise refuse_invalid(name, "has to be a list of texts.")


def _is_deaf(call: Call) -> bool:
    return call.turn.search.name == "ignore-filters"


def _branches(given: Any) -> tuple[tuple[Filter, ...], ...]:
    if not isinstance(given, list) or len(given) > BRANCHES_MAX:
        raise refuse_invalid("searchBranches", f"has to be a list of {BRANCHES_MAX} at most.")
    found = tuple(
        filters_from(branch, f"searchBranches.{number}", _BRANCH_FIELDS)
        for number, branch in enumerate(given)
    )
    if not all(found):
        raise refuse_invalid("searchBranches", "every branch has 1 to 10 conditions.")
    return found


def _from_parameters(
    desk: Desk,
    given: Mapping[str, Any],
    filters: tuple[Filter, ...],
    branches: tuple[tuple[Filter, ...], ...],
    size: int,
) -> Listing:
    offset = (whole_number(given.get("page", 1), "page") - 1) * size
    if offset > OFFSET_MAX:
        raise refuse_invalid("page", f"pages end at {OFFSET_MAX:,} events. Go on with the cursor.")
    order, order_by = given.get("order", "desc"), given.get("orderBy", "date")
    if order not in _ORDERS:
        raise refuse_invalid("order", "is asc or desc.")
    order_column(order_by)
    scope = scope_of(desk, given.get("datasetId", ()), "datasetId")
    if branches and scope.has_analytics:
        raise refuse_invalid("searchBranches", "does not apply to analytics datasets.")
    return Listing(scope, filters, branches, order_by, order, offset)


def _from_cursor(text: str) -> Listing:
    asked = read_cursor(text)
    try:
        (uuids, has_analytics), filters, branches, order_by, order, offset = asked
        listing = Listing(
            Scope(tuple(map(str, uuids)), bool(has_analytics)),
            _filters(filters),
            tuple(map(_filters, branches)),
            order_by,
            order,
            whole_number(offset, "cursor"),
        )
        order_column(listing.order_by)
    except (ValueError, TypeError, LookupError, Refusal):
        raise invalid_cursor() from None
    if listing.order not in _ORDERS:
        raise invalid_cursor()
    return listing


def _filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    found = [{"field": field, "op": op, "value": _value(op, values)} for field, op, values in rows]
    return filters_from(found, "cursor")


def _value(op: str, values: Sequence[str]) -> Any:
    return list(values) if op == "in" else values[0]


def _answer(desk: Desk, call: Call, listing: Listing, size: int) -> Answer:
    where = _where(listing, call)
    is_mixed = call.turn.order.name == "list-reordered"
    column = "uuid" if is_mixed else order_column(listing.order_by)
    tail = f"ORDER BY {column} {listing.order.upper()}, seq LIMIT ? OFFSET ?"
    found = desk.ledger.find(f"{where.sql} {tail}", [*where.values, size, listing.offset])
    total = desk.ledger.count(where.sql, where.values)
    is_whole = call.turn.gap.name == "complete"
    return Answer(
        [shown(held.answer, call.turn) for held in found],
        info=_info(listing, size, len(found), total),
        shape=None if is_whole else "envelope",
        beside={} if is_whole else {"completeness": completeness(call, listing.scope)},
    )


def _where(listing: Listing, call: Call) -> Condition:
    conditions = [*visible(call, listing.scope), *map(condition, listing.filters)]
    if listing.branches:
        branches = [joined(list(map(condition, branch)), "AND") for branch in listing.branches]
        conditions.append(joined(branches, "OR"))
    every = joined(conditions, "AND")
    return every._replace(sql=f"WHERE {every.sql}")


def _info(listing: Listing, size: int, count: int, total: int) -> dict[str, Any]:
    info = {
        "count": count,
        "page": listing.offset // size + 1,
        "per_page": size,
        "total_count": total,
    }
    following = listing.offset + count
    if following >= total:
        return info
    return info | {"cursor": write_cursor(listing._replace(offset=following))}
