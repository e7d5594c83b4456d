"""The operations that read events: the list, one event, what it was created from."""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from events.sandbox.datasets import DEFAULT_DATASET
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer, Refusal, refuse_code, refuse_field
from events.sandbox.search import Condition, Filter, condition, order_column, read_filters
from events.sandbox.writes import held_event

PAGE_SIZE = 100
PAGE_SIZE_MAX = 25_000
OFFSET_MAX = 100_000
ACCOUNT_NUMBER = 1234
_SCOPES = ("all", "**", "analytics", "operational")
_ENCODINGS = {"search-parallel": "parallel", "search-indexed": "indexed", "search-json": "json"}


class Listing(NamedTuple):
    """What a list was asked for; a cursor carries all of it but the page size."""

    dataset_ids: tuple[str, ...]
    filters: tuple[Filter, ...]
    order_by: str
    order: str
    offset: int


def list_events(desk: Desk, call: Call) -> Answer:
    """`GET …/events`: filters, order and pages as documented; newest `date` first unless asked."""
    query = call.query
    size = whole_number(query, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX)
    if _one(query, "format", "json") != "json":
        raise refuse_field("format", "the sandbox answers json only.")
    cursor = _one(query, "cursor", "")
    listing = _from_cursor(cursor) if cursor else _from_query(desk, call, query, size)
    where = _where(listing, call)
    tail = (
        f"ORDER BY {order_column(listing.order_by)} {listing.order.upper()}, seq LIMIT ? OFFSET ?"
    )
    found = desk.ledger.find(f"{where.sql} {tail}", [*where.values, size, listing.offset])
    total = desk.ledger.count(where.sql, where.values)
    return Answer([held.answer for held in found], info=_info(listing, size, len(found), total))


def read_event(desk: Desk, call: Call) -> Answer:
    """`GET …/dataset/{dataset_id}/events/{event_id}`."""
    return Answer(held_event(desk, call, call.params["dataset_id"]).answer)


def read_raw(desk: Desk, call: Call) -> Answer:
    """`GET …/datasets/{dataset_id}/events/{event_id}/raw`; `data` as a map or as JSON text."""
    held = held_event(desk, call, call.params["dataset_id"])
    raw = held.sent["raw"]
    is_text = call.turn.data.name == "data-text"
    return Answer(
        {
            "id": held.answer["rawId"],
            "accountId": held.sent.get("accountId", ACCOUNT_NUMBER),
            "created": held.created_at,
            "data": json.dumps(raw["data"]) if is_text else raw["data"],
            "source": raw.get("source", ""),
            "tlp": raw.get("tlp", ""),
        }
    )


def datasets_named(desk: Desk, names: Sequence[str], field: str) -> tuple[str, ...]:
    """The uuids meant by uuids or by one scope word; none: the default dataset."""
    if not names:
        return (DEFAULT_DATASET.uuid,)
    known = {each.uuid: each for each in desk.ledger.datasets() if not each.deleted_at}
    if len(names) == 1 and names[0] in _SCOPES:
        wanted = {"analytics": (True,), "operational": (False,)}.get(names[0], (True, False))
        return tuple(uuid for uuid, each in known.items() if each.is_analytics in wanted)
    for name in names:
        if name not in known:
            raise refuse_code(404, 7003, f"{field}: there is no dataset {name}.")
    return tuple(names)


def whole_number(
    query: Mapping[str, list[str]], name: str, default: int, limit: int = 10_000_000
) -> int:
    """The number from 1 to `limit` that the query gives for `name`; `Refusal` 400 for others."""
    text = _one(query, name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (number.is_integer() and 1 <= number <= limit):
        raise refuse_field(name, f"{text!r} is not a whole number from 1 to {limit:,}.")
    return int(number)


def _from_query(desk: Desk, call: Call, query: Mapping[str, list[str]], size: int) -> Listing:
    offset = (whole_number(query, "page", 1) - 1) * size
    if offset > OFFSET_MAX:
        raise refuse_field("page", f"pages end at {OFFSET_MAX:,} events. Go on with the cursor.")
    order = _one(query, "order", "desc")
    if order not in {"asc", "desc"}:
        raise refuse_field("order", "is asc or desc.")
    encoding = _ENCODINGS.get(call.turn.search.name)
    return Listing(
        datasets_named(desk, query.get("datasetId", []), "datasetId"),
        read_filters(call.request.query, encoding) if encoding else (),
        _one(query, "orderBy", "date"),
        order,
        offset,
    )


def _from_cursor(text: str) -> Listing:
    try:
        dataset_ids, filters, order_by, order, offset = json.loads(base64.urlsafe_b64decode(text))
        found = tuple(Filter(field, op, tuple(values)) for field, op, values in filters)
        listing = Listing(tuple(dataset_ids), found, order_by, str(order), int(offset))
        order_column(listing.order_by)
    except (ValueError, TypeError, Refusal):
        raise refuse_field("cursor", "is not one that this sandbox gave.") from None
    if listing.order not in {"asc", "desc"}:
        raise refuse_field("cursor", "is not one that this sandbox gave.")
    return listing


def _where(listing: Listing, call: Call) -> Condition:
    marks = ", ".join("?" * len(listing.dataset_ids))
    conditions = [
        Condition(f"dataset_id IN ({marks})", listing.dataset_ids),
        *map(condition, listing.filters),
    ]
    if call.turn.lag.name == "stale-list":
        conditions.append(Condition("held_since <= ?", (time.time() - call.turn.lag.seconds,)))
    sql = " AND ".join(each.sql for each in conditions)
    return Condition(f"WHERE {sql}", tuple(value for each in conditions for value in each.values))


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
    document = json.dumps(listing._replace(offset=following)).encode()
    return info | {"cursor": base64.urlsafe_b64encode(document).decode()}


def _one(query: Mapping[str, list[str]], name: str, default: str) -> str:
    return query.get(name, [default])[-1]
