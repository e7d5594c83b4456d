"""The operations that read lists of reference: token, categories, countries, names."""

from typing import Any

from events.payload import COUNTRIES
from events.sandbox.asking import scope_of
from events.sandbox.catalog import (
    ATTACKERS,
    CATEGORIES,
    INDICATOR_TYPE_IDS,
    INDUSTRIES,
    INDUSTRIES_IN_USE,
    stable_uuid,
)
from events.sandbox.desk import Call, Desk
from events.sandbox.messages import Answer


def verify_token(desk: Desk, call: Call) -> Answer:
    """`GET /user/tokens/verify`: always in an envelope, as documented."""
    token = call.request.headers.get("authorization", "").partition(" ")[2]
    return Answer(
        {"id": stable_uuid("token", token).replace("-", ""), "status": "active"},
        shape="envelope",
        messages=[{"code": 10000, "message": "This API Token is valid and active", "type": None}],
    )


def list_categories(desk: Desk, call: Call) -> Answer:
    """`GET …/categories`, `GET …/categories/catalog`: the sandbox has one list for both."""
    scope_of(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer([category.to_wire() for category in CATEGORIES])


def list_countries(desk: Desk, call: Call) -> Answer:
    """`GET …/countries`: bare it is, as documented, a list that holds one envelope."""
    countries: list[dict[str, Any]] = [
        {"alpha2": each.alpha2, "alpha3": each.alpha3, "name": each.name} for each in COUNTRIES
    ]
    return Answer([{"success": "true", "result": countries}], enveloped=countries)


def list_industries(desk: Desk, call: Call) -> Answer:
    """`GET …/targetIndustries`: the names in use."""
    scope_of(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(sorted({*INDUSTRIES_IN_USE, *desk.ledger.in_use("targetIndustry")}))


def list_industry_catalog(desk: Desk, call: Call) -> Answer:
    """`GET …/targetIndustries/catalog`: every name that an event may bear."""
    return Answer(list(INDUSTRIES))


def list_attackers(desk: Desk, call: Call) -> Answer:
    """`GET …/attackers`: the names in use."""
    scope_of(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(sorted({*ATTACKERS, *desk.ledger.in_use("attacker")}))


def list_indicator_types(desk: Desk, call: Call) -> Answer:
    """`GET …/indicator-types`: lower case, as in the examples of payloads."""
    scope_of(desk, call.query.get("datasetIds", []), "datasetIds")
    return Answer(list(INDICATOR_TYPE_IDS))
