"""The table of operations: those of the contract, by method and path."""

from events.sandbox.desk import EVENTS_PATH, Call, Desk, Operation
from events.sandbox.indicators import list_indicators
from events.sandbox.listing import list_events
from events.sandbox.managing import (
    create_dataset,
    delete_dataset,
    edit_dataset,
    list_datasets,
    read_dataset,
)
from events.sandbox.messages import Answer, Refusal
from events.sandbox.reads import read_event, read_raw, read_raw_by_id
from events.sandbox.references import (
    list_attackers,
    list_categories,
    list_countries,
    list_indicator_types,
    list_industries,
    list_industry_catalog,
    verify_token,
)
from events.sandbox.tags import list_actors, list_tags
from events.sandbox.writes import (
    add_tags,
    create,
    create_bulk,
    delete_events,
    delete_tags,
    edit,
)

_E = EVENTS_PATH
_DATASET = f"{_E}/dataset/{{dataset_id}}"
_EVENTS = f"{_E}/datasets/{{dataset_id}}/events"
_TAG = f"{_E}/event_tag/{{event_id}}"
SERVED: tuple[Operation, ...] = (
    Operation("create", "POST", f"{_E}/create", create, needs_write=True),
    Operation("bulk", "POST", f"{_E}/create/bulk", create_bulk, 202, needs_write=True),
    Operation("list", "GET", _E, list_events),
    Operation("list", "POST", _E, list_events),
    Operation("read", "GET", f"{_DATASET}/events/{{event_id}}", read_event),
    Operation("raw", "GET", f"{_EVENTS}/{{event_id}}/raw", read_raw),
    Operation("raw", "GET", f"{_E}/{{event_id}}/raw/{{raw_id}}", read_raw_by_id),
    Operation("patch", "PATCH", f"{_E}/{{event_id}}", edit, needs_write=True),
    Operation("delete", "DELETE", _EVENTS, delete_events, needs_write=True),
    Operation("tag-create", "POST", f"{_TAG}/create", add_tags, needs_write=True),
    Operation("tag-delete", "DELETE", _TAG, delete_tags, needs_write=True),
    Operation("datasets", "GET", f"{_E}/dataset", list_datasets),
    Operation("dataset-create", "POST", f"{_E}/dataset/create", create_dataset, needs_write=True),
    Operation("dataset", "GET", _DATASET, read_dataset),
    Operation("dataset-patch", "PATCH", _DATASET, edit_dataset, needs_write=True),
    Operation("dataset-delete", "DELETE", _DATASET, delete_dataset, needs_write=True),
    Operation("categories", "GET", f"{_E}/categories", list_categories),
    Operation("category-catalog", "GET", f"{_E}/categories/catalog", list_categories),
    Operation("countries", "GET", f"{_E}/countries", list_countries),
    Operation("industries", "GET", f"{_E}/targetIndustries", list_industries),
    Operation("industry-catalog", "GET", f"{_E}/targetIndustries/catalog", list_industry_catalog),
    Operation("attackers", "GET", f"{_E}/attackers", list_attackers),
    Operation("indicators", "GET", f"{_E}/indicators", list_indicators),
    Operation("indicator-types", "GET", f"{_E}/indicator-types", list_indicator_types),
    Operation("tags", "GET", f"{_E}/tags", list_tags),
    Operation("actors", "GET", f"{_E}/tags/categories/actors", list_actors),
    Operation("verify", "GET", "/user/tokens/verify", verify_token),
)


def _refuse(desk: Desk, call: Call) -> Answer:
    """What the contract has and the sandbox has not."""
    message = f"The sandbox does not serve {call.request.method} {call.operation.template}."
    raise Refusal(501, {"message": message})


def _unserved(method: str, path: str) -> Operation:
    return Operation("unserved", method, f"{_E}/{path}", _refuse, needs_write=method != "GET")


UNSERVED: tuple[Operation, ...] = (
    _unserved("PATCH", "update/bulk"),
    _unserved("PATCH", "{event_id}/raw/{raw_id}"),
    _unserved("POST", "dataset/{dataset_id}/move"),
    _unserved("POST", "dataset/{dataset_id}/copy"),
    _unserved("POST", "relationships/create"),
    _unserved("GET", "by-id/{event_id}/relationships"),
    _unserved("POST", "relate/{event_id}/create"),
    _unserved("DELETE", "relate/{event_id}"),
    _unserved("GET", "indicators/aggregate"),
    _unserved("POST", "dataset/{dataset_id}/indicators/create"),
    _unserved("POST", "dataset/{dataset_id}/indicators/bulk"),
    _unserved("GET", "dataset/{dataset_id}/indicators/{indicator_id}"),
    _unserved("PATCH", "dataset/{dataset_id}/indicators/{indicator_id}"),
    _unserved("DELETE", "dataset/{dataset_id}/indicators/{indicator_id}"),
    _unserved("POST", "dataset/{dataset_id}/indicators/{indicator_id}/relationships"),
    _unserved("POST", "dataset/{dataset_id}/indicatorTypes/create"),
    _unserved("POST", "categories/create"),
    _unserved("POST", "tags/create"),
    _unserved("PATCH", "tags/{tag_uuid}"),
    _unserved("DELETE", "tags/{tag_uuid}"),
    _unserved("GET", "tags/categories"),
    _unserved("GET", "aggregate"),
    _unserved("GET", "graph"),
    _unserved("GET", "queries"),
    _unserved("POST", "queries/create"),
    _unserved("GET", "queries/{query_id}"),
    _unserved("PATCH", "queries/{query_id}"),
    _unserved("DELETE", "queries/{query_id}"),
)
TABLE = SERVED + UNSERVED
