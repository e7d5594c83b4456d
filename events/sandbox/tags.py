"""The lists of tags and of actors: filters on their fields, in pages."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from events.sandbox.actors import ACTORS
from events.sandbox.asking import Query, one, whole_number
from events.sandbox.catalog import TAGS_BY_VALUE, Tag
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer, Refusal
from events.sandbox.search import Filter, filters_from, json_array

PAGE_SIZE = 50
PAGE_SIZE_MAX = 1_000
_ACTOR_FIELDS = ("value", "categoryName", "aliasGroupNames", "originCountryISO")
_TAG_FIELDS = ("uuid", "value", "categoryName", "description", "tlp", "confidence")
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, wanted: wanted in text,
    "find": lambda text, wanted: wanted in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
}

Item = dict[str, Any]


def list_tags(desk: Desk, call: Call) -> Answer:
    """`GET …/tags`: pages of those whose value holds `search`, in any case."""
    if "categoryUuid" in call.query:
        raise Refusal(501, {"message": "categoryUuid: the sandbox does not filter by it."})
    tags = [TAGS_BY_VALUE.get(value, Tag(value)).to_wire() for value in desk.ledger.tags()]
    found = _chosen(tags, one(call.query, "search", ""), _filters(call, _TAG_FIELDS))
    page, pagination = _page(found, call.query)
    return Answer({"pagination": pagination, "tags": page})


def list_actors(desk: Desk, call: Call) -> Answer:
    """`GET …/tags/categories/actors`: what holds them is not public, so there are three shapes."""
    actors = [actor.to_wire() for actor in ACTORS]
    found = _chosen(actors, one(call.query, "value", ""), _filters(call, _ACTOR_FIELDS))
    page, pagination = _page(found, call.query)
    match call.turn.actors.name:
        case "actors-bare":
            return Answer(page)
        case "actors-named":
            return Answer({"pagination": pagination, "actors": page})
    return Answer({"pagination": pagination, "tags": page})


def _filters(call: Call, fields: Sequence[str]) -> tuple[Filter, ...]:
    pairs = parse_qsl(call.request.query, keep_blank_values=True)
    return filters_from(json_array(pairs, "filters"), "filters", fields)


def _chosen(items: Sequence[Item], part: str, filters: Sequence[Filter]) -> list[Item]:
    return [
        item
        for item in items
        if part.lower() in item["value"].lower() and all(_holds(item, each) for each in filters)
    ]


def _holds(item: Item, wanted: Filter) -> bool:
    """Like filters of events: on a list for one of its items, in any case but for equality."""
    found = item.get(wanted.field)
    texts = [str(each) for each in (found if isinstance(found, list) else [found]) if each]
    if wanted.op in {"equals", "in"}:
        return any(text in wanted.values for text in texts)
    if wanted.op == "not":
        return wanted.values[0] not in texts
    if wanted.op not in _TESTS:
        raise Refusal(501, {"message": f"filters: the sandbox does not know {wanted.op} here."})
    return any(_TESTS[wanted.op](text.lower(), wanted.values[0].lower()) for text in texts)


def _page(found: Sequence[Item], query: Query) -> tuple[list[Item], dict[str, int]]:
    number = whole_number(one(query, "page", "1"), "page")
    size = whole_number(one(query, "pageSize", str(PAGE_SIZE)), "pageSize", PAGE_SIZE_MAX)
    pagination = {
        "page": number,
        "pageSize": size,
        "totalCount": len(found),
        "totalPages": math.ceil(len(found) / size),
    }
    return list(found[(number - 1) * size : number * size]), pagination
