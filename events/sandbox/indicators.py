"""The list of indicators: each value of a dataset once, with the events in which it appears."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from events.sandbox.asking import (
    Query,
    Scope,
    completeness,
    flag,
    invalid_cursor,
    one,
    read_cursor,
    refuse_beside_cursor,
    refuse_other_formats,
    scope_of,
    visible,
    whole_number,
    write_cursor,
)
from events.sandbox.catalog import TAGS_BY_VALUE, Tag
from events.sandbox.desk import Call, Desk
from events.sandbox.judging import parse_moment
from events.sandbox.ledger import HeldIndicator
from events.sandbox.messages import Answer, Refusal, refuse_invalid
from events.sandbox.search import Condition, Filter, compare, filters_from, joined, json_array

PAGE_SIZE = 50
PAGE_SIZE_MAX = 1_000
RELATED = 2
_COLUMNS = {"value": "value", "indicatorType": "indicator_type", "uuid": "uuid"}
_CUT = "relatedEventsLimit hides events: those indicators say relatedEventsHasMore."
_UNSERVED = ("tagSearch", "tags")
_BESIDE_CURSOR = frozenset({"cursor", "forceRefresh", "format"})
# From the least to the most restrictive; purple is Cloudflare's own and counts as the last.
_TLP = ("CLEAR", "GREEN", "AMBER", "AMBER-STRICT", "RED", "PURPLE")


class _Page(NamedTuple):
    query: dict[str, list[str]]
    number: int
    size: int


def list_indicators(desk: Desk, call: Call) -> Answer:
    """`GET …/events/indicators`: by value, type, uuid, related event or time; the newest first."""
    page = _page(call.query)
    refuse_other_formats(page.query)
    scope = scope_of(desk, page.query.get("datasetIds", ()), "datasetIds")
    found = _grouped(desk.ledger.indicators(*_where(call, page.query, scope)))
    if call.turn.order.name == "list-reordered":
        found.sort(key=lambda rows: rows[0].uuid)
    start = (page.number - 1) * page.size
    part = found[start : start + page.size]
    indicators = [_to_wire(rows, page.query) for rows in part]
    result = {
        "indicators": indicators,
        "pagination": _pagination(call, page, len(part), len(found)),
        "completeness": completeness(call, scope),
    }
    is_cut = any("relatedEventsHasMore" in each for each in indicators)
    return Answer(result, messages=[{"message": _CUT}] if is_cut else [])


def _page(query: Query) -> _Page:
    if "cursor" in query:
        refuse_beside_cursor(set(query) - _BESIDE_CURSOR)
        try:
            asked, number = read_cursor(query["cursor"][-1])
            query = {str(name): [str(value) for value in values] for name, values in asked.items()}
        except (ValueError, TypeError, AttributeError):
            raise invalid_cursor() from None
    else:
        number = one(query, "page", "1")
    for name in _UNSERVED:
        if name in query:
            raise Refusal(501, {"message": f"{name}: the sandbox does not filter by it."})
    size = whole_number(one(query, "pageSize", str(PAGE_SIZE)), "pageSize", PAGE_SIZE_MAX)
    return _Page(dict(query), whole_number(number, "page"), size)


def _where(call: Call, query: Query, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    conditions = visible(call, scope)
    filters = _filters(query)
    if call.turn.search.name != "ignore-filters":
        conditions += filters
    every = joined(conditions, "AND")
    return f"WHERE {every.sql}", every.values


def _filters(query: Query) -> list[Condition]:
    pairs = [("search", one(query, "search", ""))]
    wanted = list(filters_from(json_array(pairs, "search"), "search", tuple(_COLUMNS)))
    if "name" in query:
        wanted.append(Filter("value", "contains", (query["name"][-1],)))
    if "indicatorType" in query:
        wanted.append(Filter("indicatorType", "equals", (query["indicatorType"][-1],)))
    found = [compare(each, "text", _COLUMNS[each.field]) for each in wanted]
    if events := query.get("relatedEvents"):
        found.append(Condition(f"event IN ({', '.join('?' * len(events))})", tuple(events)))
    for name, op in (("createdAfter", ">="), ("createdBefore", "<=")):
        if name in query:
            found.append(_created(name, op, query[name][-1]))
    return found


def _created(name: str, op: str, text: str) -> Condition:
    if parse_moment(text) is None:
        raise refuse_invalid(name, "has to be a time such as 2022-04-01T00:00:00Z.")
    return Condition(f"julianday(created_at) {op} julianday(?)", (text,))


def _grouped(rows: Sequence[HeldIndicator]) -> list[list[HeldIndicator]]:
    """The rows of each indicator, oldest first; the indicator that was seen last comes first."""
    groups: dict[str, list[HeldIndicator]] = {}
    for row in rows:
        groups[row.uuid] = [*groups.pop(row.uuid, []), row]
    return list(reversed(groups.values()))


def _to_wire(rows: Sequence[HeldIndicator], query: Query) -> dict[str, Any]:
    first, last = rows[0], rows[-1]
    related = [_related(row) for row in reversed(rows)]
    limit = _related_limit(query)
    shown = related if limit < 0 else related[:limit]
    wire: dict[str, Any] = {
        "uuid": first.uuid,
        "indicatorType": first.indicator_type,
        "value": first.value,
        "createdAt": first.created_at,
        "updatedAt": last.created_at,
        "datasetId": first.dataset_id,
        "tlp": _tlp([row.answer["tlp"] for row in rows]),
        "relatedEvents": shown,
        "sources": [row.sent["source"] for row in rows if "source" in row.sent],
    }
    if len(shown) < len(related):
        wire["relatedEventsHasMore"] = True
    if flag(query, "includeTags", True):
        wire["tags"] = _tags(rows)
    return wire


def _related(row: HeldIndicator) -> dict[str, str]:
    return {"datasetId": row.dataset_id, "eventId": row.event, "eventDate": row.answer["date"]}


def _related_limit(query: Query) -> int:
    text = one(query, "relatedEventsLimit", str(RELATED))
    return int(text) if text in {"-1", "0"} else whole_number(text, "relatedEventsLimit")


def _tlp(texts: Sequence[str]) -> str | None:
    """The most restrictive of the events' labels; none for a label that indicators do not know."""
    known = [text.upper().replace("+", "-") for text in texts]
    return max(known, key=_TLP.index) if set(known) <= set(_TLP) else None


def _tags(rows: Sequence[HeldIndicator]) -> list[dict[str, Any]]:
    values = dict.fromkeys(tag for row in rows for tag in row.answer["tags"])
    tags = [TAGS_BY_VALUE.get(value, Tag(value)).to_wire() for value in values]
    return [{name: tag.get(name) for name in ("uuid", "value", "categoryName")} for tag in tags]


def _pagination(call: Call, page: _Page, count: int, total: int) -> dict[str, Any]:
    has_more = page.number * page.size < total
    is_counted = flag(page.query, "includeTotalCount", False) and call.turn.gap.name == "complete"
    asked = {name: values for name, values in page.query.items() if name not in {"page", "cursor"}}
    return {
        "count": count,
        "cursor": write_cursor([asked, page.number + 1]) if has_more else None,
        "has_more": has_more,
        "page": page.number,
        "per_page": page.size,
        "total_count": total if is_counted else None,
        "total_count_is_exact": is_counted,
    }
