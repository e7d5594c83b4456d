"""The operations that read lists: token, datasets, categories, countries, names, tags."""

import math
from typing import Any

from events.payload import COUNTRIES
from events.sandbox.catalog import (
    ATTACKERS,
    CATEGORIES,
    INDICATOR_TYPE_IDS,
    INDUSTRIES,
    INDUSTRIES_IN_USE,
    TAGS,
    Tag,
    stable_uuid,
)
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer
from events.sandbox.reads import datasets_named, whole_number

_KNOWN_TAGS = {tag.value: tag for tag in TAGS}
_PAGE_SIZE_MAX = 1_000


def verify_token(desk: Desk, call: Call) -> Answer:
    """`GET /user/tokens/verify`: always in an envelope, as documented."""
    token = call.request.headers.get("authorization", "").partition(" ")[2]
    return Answer(
        {"id": stable_uuid("token", token).replace("-", ""), "status": "active"},
        shape="envelope",
        messages=[{"code": 10000, "message": "This API Token is valid and active", "type": None}],
    )


def list_datasets(desk: Desk, call: Call) -> Answer:
    """`GET …/dataset`: deleted ones only with `includeDeleted=true`."""
    has_deleted = call.query.get("includeDeleted") == ["true"]
    found = [each for each in desk.ledger.datasets() if has_deleted or not each.deleted_at]
    return Answer([dataset.to_wire() for dataset in found])


def list_categories(desk: Desk, call: Call) -> Answer:
    """`GET …/categories`, `GET …/categories/catalog`: the sandbox has one list for both."""
    datasets_named(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer([category.to_wire() for category in CATEGORIES])


def list_countries(desk: Desk, call: Call) -> Answer:
    """`GET …/countries`: bare it is, as documented, a list that holds one envelope."""
    countries: list[dict[str, Any]] = [
        {"alpha2": each.alpha2, "alpha3": each.alpha3, "name": each.name} for each in COUNTRIES
    ]
    return Answer([{"success": "true", "result": countries}], enveloped=countries)


def list_industries(desk: Desk, call: Call) -> Answer:
    """`GET …/targetIndustries`: the names in use."""
    datasets_named(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(sorted({*INDUSTRIES_IN_USE, *desk.ledger.in_use("targetIndustry")}))


def list_industry_catalog(desk: Desk, call: Call) -> Answer:
    """`GET …/targetIndustries/catalog`: every name that an event may bear."""
    return Answer(list(INDUSTRIES))


def list_attackers(desk: Desk, call: Call) -> Answer:
    """`GET …/attackers`: the names in use."""
    datasets_named(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(sorted({*ATTACKERS, *desk.ledger.in_use("attacker")}))


def list_indicator_types(desk: Desk, call: Call) -> Answer:
    """`GET …/indicator-types`: lower case, as in the examples of payloads."""
    datasets_named(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(list(INDICATOR_TYPE_IDS))


def list_tags(desk: Desk, call: Call) -> Answer:
    """`GET …/tags`: pages of those whose value holds `search`, in any case."""
    wanted = call.query.get("search", [""])[-1].lower()
    values = [value for value in desk.ledger.tags() if wanted in value.lower()]
    page = whole_number(call.query, "page", 1)
    size = whole_number(call.query, "pageSize", 50, _PAGE_SIZE_MAX)
    shown = values[(page - 1) * size : page * size]
    pagination = {
        "page": page,
        "pageSize": size,
        "totalCount": len(values),
        "totalPages": math.ceil(len(values) / size),
    }
    tags = [_KNOWN_TAGS.get(value, Tag(value)).to_wire() for value in shown]
    return Answer({"pagination": pagination, "tags": tags})
