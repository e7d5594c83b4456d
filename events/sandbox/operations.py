"""The table of operations: those of the contract, by method and path."""

from events.sandbox.desk import EVENTS_PATH, Operation
from events.sandbox.reads import list_events, read_event, read_raw
from events.sandbox.references import (
    list_attackers,
    list_categories,
    list_countries,
    list_datasets,
    list_indicator_types,
    list_industries,
    list_industry_catalog,
    list_tags,
    verify_token,
)
from events.sandbox.writes import (
    add_tags,
    create,
    create_bulk,
    create_dataset,
    delete_tags,
    edit,
)

_E = EVENTS_PATH
TABLE: tuple[Operation, ...] = (
    Operation("create", "POST", f"{_E}/create", create),
    Operation("bulk", "POST", f"{_E}/create/bulk", create_bulk, 202),
    Operation("list", "GET", _E, list_events),
    Operation("read", "GET", f"{_E}/dataset/{{dataset_id}}/events/{{event_id}}", read_event),
    Operation("raw", "GET", f"{_E}/datasets/{{dataset_id}}/events/{{event_id}}/raw", read_raw),
    Operation("tag-create", "POST", f"{_E}/event_tag/{{event_id}}/create", add_tags),
    Operation("tag-delete", "DELETE", f"{_E}/event_tag/{{event_id}}", delete_tags),
    Operation("datasets", "GET", f"{_E}/dataset", list_datasets),
    Operation("dataset-create", "POST", f"{_E}/dataset/create", create_dataset),
    Operation("categories", "GET", f"{_E}/categories", list_categories),
    Operation("category-catalog", "GET", f"{_E}/categories/catalog", list_categories),
    Operation("countries", "GET", f"{_E}/countries", list_countries),
    Operation("industries", "GET", f"{_E}/targetIndustries", list_industries),
    Operation("industry-catalog", "GET", f"{_E}/targetIndustries/catalog", list_industry_catalog),
    Operation("attackers", "GET", f"{_E}/attackers", list_attackers),
    Operation("indicator-types", "GET", f"{_E}/indicator-types", list_indicator_types),
    Operation("tags", "GET", f"{_E}/tags", list_tags),
    Operation("verify", "GET", "/user/tokens/verify", verify_token),
    Operation("patch", "PATCH", f"{_E}/{{event_id}}", edit),
)
