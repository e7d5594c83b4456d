"""Every operation answers in the contract's shape, bare and enveloped; every refusal as Failure."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from events.sandbox import OPERATIONS, Sandbox, Settings
from events.sandbox.desk import Operation
from events.sandbox.operations import SERVED, UNSERVED
from tests.contract import judge

from .conftest import DEFAULT, DELETED, Client, Contract, an_event, as_query, as_search

SEARCH = as_search(("indicator", "in", ["domain.com"]), ("killChain", "gte", 2))
# operation → how the client calls it, and the template of its path in the contract
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create": ("POST", "/create", {"json": an_event()}),
    "bulk": (
        "POST",
        "/create/bulk",
        {
            "json": {
                "data": [an_event(), an_event(category="Nothing known")],
                "datasetId": DEFAULT,
                "includeCreatedEvents": True,
            }
        },
    ),
    "list": ("GET", "", {"params": {"search": json.dumps(SEARCH), "pageSize": 5}}),
    "list by POST": (
        "POST",
        "?forceRefresh=true&format=json&cache=from-graph",
        {
            "json": {
                "search": SEARCH,
                "searchBranches": [as_search(("tlp", "equals", "amber"))],
                "datasetId": [DEFAULT],
                "order": "asc",
                "orderBy": "date",
                "page": 1,
                "pageSize": 10,
            }
        },
    ),
    "read": ("GET", "/dataset/{dataset_id}/events/{event_id}", {}),
    "raw": ("GET", "/datasets/{dataset_id}/events/{event_id}/raw", {}),
    "raw by id": ("GET", "/{event_id}/raw/{raw_id}", {}),
    "delete": ("DELETE", "/datasets/{dataset_id}/events?eventIds={event_id}&eventIds=x", {}),
    "dataset": ("GET", "/dataset/{dataset_id}", {}),
    "dataset-patch": ("PATCH", "/dataset/{dataset_id}", {"json": {"name": "A", "isPublic": True}}),
    "dataset-delete": ("DELETE", "/dataset/{dataset_id}", {}),
    "indicators": (
        "GET",
        "/indicators",
        {
            "params": {
                "search": json.dumps(as_search(("value", "in", ["domain.com", "x.example"]))),
                "datasetIds": [DEFAULT],
                "relatedEventsLimit": -1,
                "includeTotalCount": "true",
            }
        },
    ),
    "actors": (
        "GET",
        "/tags/categories/actors",
        {"params": {"filters": json.dumps(as_search(("value", "contains", "APT")))}},
    ),
    "patch": ("PATCH", "/{event_id}", {"json": {"datasetId": DEFAULT, "insight": "New"}}),
    "tag-create": ("POST", "/event_tag/{event_id}/create", {"json": {"tags": ["a", "b"]}}),
    "tag-delete": ("DELETE", "/event_tag/{event_id}", {"json": {"tags": ["malware"]}}),
    "datasets": ("GET", "/dataset", {"params": {"includeDeleted": "true"}}),
    "dataset-create": ("POST", "/dataset/create", {"json": {"name": "New", "isPublic": False}}),
    "categories": ("GET", "/categories", {}),
    "category-catalog": ("GET", "/categories/catalog", {}),
    "countries": ("GET", "/countries", {}),
    "industries": ("GET", "/targetIndustries", {}),
    "industry-catalog": ("GET", "/targetIndustries/catalog", {}),
    "attackers": ("GET", "/attackers", {}),
    "indicator-types": ("GET", "/indicator-types", {}),
    "tags": (
        "GET",
        "/tags",
        {"params": {"search": "m", "filters": json.dumps(as_search(("tlp", "not", "red")))}},
    ),
}


def _call(client: Client, operation: str, shape: str = "bare") -> Any:
    event = client.create().json()
    client.sandbox.behave(operation.partition(" ")[0], shape)
    method, template, rest = CALLS[operation]
    ids = {"dataset_id": DEFAULT, "event_id": event["uuid"], "raw_id": event["rawId"]}
    return client.call(method, template.format(**ids), **rest)


def test_every_operation_of_the_contract_is_served_or_known_not_to_be() -> None:
    served, unserved = (
        {(each.method, each.template) for each in table} for table in (SERVED, UNSERVED)
    )
    assert served | unserved == judge.DESCRIBED
    assert not served & unserved
    called = {(method, judge.EVENTS + path.partition("?")[0]) for method, path, _ in CALLS.values()}
    assert called | {("GET", "/user/tokens/verify")} == served
    assert {each.name for each in SERVED} == set(OPERATIONS)


@pytest.mark.parametrize("operation", UNSERVED, ids=lambda each: f"{each.method} {each.template}")
def test_what_is_not_served_says_so(
    operation: Operation, client: Client, contract: Contract
) -> None:
    path = re.sub(r"\{\w+\}", "x", operation.template.removeprefix(judge.EVENTS))
    answer = client.call(operation.method, path)
    contract.is_failure(answer)
    assert answer.status_code == 501
    assert "does not serve" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("operation", CALLS)
def test_bare_answers_fit_the_contract(operation: str, client: Client, contract: Contract) -> None:
    contract.check(_call(client, operation))


@pytest.mark.parametrize("operation", CALLS)
def test_enveloped_answers_fit_the_contract(
    operation: str, client: Client, contract: Contract
) -> None:
    answer = _call(client, operation, "envelope")
    envelope = answer.json()
    assert envelope["success"] is True and envelope["errors"] == []
    method, template, _ = CALLS[operation]
    path = judge.EVENTS + template.partition("?")[0]
    schema = judge.answer_schema(path, method, answer.status_code)
    if operation == "countries":
        schema = {"type": "array", "items": {"$ref": "#/components/schemas/Country"}}
    judge.check_value(envelope["result"], schema)


def test_the_token_is_verified(sandbox: Sandbox, client: Client, contract: Contract) -> None:
    answer = client.session.get(sandbox.base_url + "/user/tokens/verify")
    contract.check(answer)
    assert answer.json()["result"]["status"] == "active"


def test_a_created_event_carries_what_the_api_adds(client: Client) -> None:
    event = client.create().json()
    assert event["killChain"] == 2
    assert event["mitreAttack"] and event["mitreCapec"]
    assert (event["attackerCountryAlpha3"], event["targetCountryAlpha3"]) == ("CHN", "USA")
    assert event["indicatorTypeId"] == 5
    assert event["datasetId"] == DEFAULT
    assert len({event["uuid"], event["rawId"], client.create().json()["uuid"]}) == 3


def test_an_event_without_optional_fields_fits_too(client: Client, contract: Contract) -> None:
    required = {"category", "date", "event", "raw", "tlp"}
    body = {name: value for name, value in an_event().items() if name in required}
    contract.check(client.call("POST", "/create", json=body))
    contract.check(client.call("POST", "/create", json=body | {"raw": {"data": None}}))


def test_several_indicators_make_one_event_that_each_of_them_finds(client: Client) -> None:
    rows = [{"indicatorType": "IP", "value": f"192.0.2.{last}"} for last in range(3)]
    event = client.create(indicator=None, indicatorType=None, indicators=rows).json()
    assert (event["indicator"], event["indicatorType"]) == ("192.0.2.0", "ip")
    for row in rows:
        assert client.posted(("indicator", "equals", row["value"])) == [event["uuid"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": None}, "category"),
        ({"category": "domain resolution"}, "category"),
        ({"date": "yesterday"}, "date"),
        ({"date": 1648771200}, "date"),
        ({"date": "2022-04-01T00:00:00"}, "date"),
        ({"event": ""}, "event"),
        ({"raw": {}}, "raw.data"),
        ({"raw": {"data": []}}, "raw.data"),
        ({"tlp": "white"}, "tlp"),
        ({"targetIndustry": "agriculture"}, "targetIndustry"),
        ({"attackerCountry": "cn"}, "attackerCountry"),
        ({"targetCountry": "ZZ"}, "targetCountry"),
        ({"target_country": "US"}, "target_country"),
        ({"indicatorType": None}, "indicator"),
        ({"indicatorType": "smell"}, "indicatorType"),
        (
            {
                "indicator": None,
                "indicatorType": None,
                "indicators": [{"indicatorType": "ip", "value": "192.0.2.1"}, {"value": "x"}],
            },
            "indicators.1.indicatorType",
        ),
        ({"tags": "malware"}, "tags"),
    ],
)
def test_a_refusal_names_the_field(
    changes: dict[str, Any], field: str, sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    answer = client.create(**changes)
    assert answer.status_code == 400
    contract.is_failure(answer)
    assert any(error["message"].startswith(f"{field}: ") for error in answer.json()["errors"])
    assert sandbox.ledger.events() == []
    assert [attempt.outcome for attempt in sandbox.ledger.attempts()] == ["refused"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"date": NaN}', b"[" * 100_000, b'{"a": "\xff"}']
)
def test_a_body_that_is_no_object_is_refused(
    body: bytes, client: Client, contract: Contract
) -> None:
    answer = client.call("POST", "/create", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    contract.is_failure(answer)


def test_unknown_names_are_accepted_where_the_operator_says_so(
    connect: Callable[..., Client],
) -> None:
    with Sandbox(settings=Settings(known_names_only=False)) as sandbox:
        answer = connect(sandbox).create(category="New one", tlp="white", indicatorType="smell")
    assert answer.status_code == 200
    assert answer.json()["killChain"] == 0


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, 10000),
        ("Bearer wrong", 401, 10000),
        ("Basic c2FuZGJveA==", 400, 6003),
        ("Bearer sandbox-read-token", 403, 9109),
    ],
)
def test_a_token_that_may_not_create_is_refused(
    *,
    header: str | None,
    status: int,
    code: int,
    sandbox: Sandbox,
    client: Client,
    contract: Contract,
) -> None:
    client.session.headers["Authorization"] = header  # type: ignore[assignment]
    answer = client.create()
    contract.is_failure(answer)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert sandbox.ledger.tally()["sub-1"].requests == 1
    assert sandbox.ledger.events() == []


def test_the_reading_token_reads(sandbox: Sandbox, connect: Callable[..., Client]) -> None:
    reader = connect(sandbox, "sandbox-read-token")
    assert reader.call("GET", "").status_code == 200
    assert reader.post_list().status_code == 200
    event = connect(sandbox).create().json()["uuid"]
    path = f"/datasets/{DEFAULT}/events?eventIds={event}"
    assert reader.call("DELETE", path).status_code == 403
    assert reader.posted() == [event]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/../../../other/cloudforce-one/events", 404),
        ("GET", "/nothing/here/at/all", 404),
        ("PUT", "/create", 405),
        ("GET", f"/dataset/{DEFAULT}/events/no-such", 404),
        ("GET", f"/datasets/{DEFAULT}/events/no-such/raw", 404),
        ("GET", "?datasetId=no-such", 404),
        ("GET", f"?datasetId={DELETED}", 404),
        ("GET", "?pageSize=25001", 400),
        ("GET", "?page=0", 400),
        ("GET", "?page=1002&pageSize=100", 400),
        ("GET", "?cursor=nonsense", 400),
        ("GET", "?orderBy=tags", 400),
        ("GET", "?order=up", 400),
        ("GET", "?format=stix2", 501),
        ("GET", "?format=xml", 400),
        ("GET", "?cache=no", 400),
        ("GET", "?datasetId=all&datasetId=operational", 400),
        ("GET", "?datasetId=**", 404),
        ("GET", as_query(("nose", "equals", "1")), 400),
        ("GET", as_query(("event", "near", "1")), 400),
        ("GET", '?search=[{"field":"event","op":"equals"}]', 400),
        ("GET", "/tags?page=x", 400),
    ],
)
def test_other_refusals_are_envelopes_too(
    method: str, path: str, status: int, client: Client, contract: Contract
) -> None:
    answer = client.call(method, path)
    assert answer.status_code == status, answer.text
    contract.is_failure(answer)


def test_a_wrong_account_is_not_found(sandbox: Sandbox, client: Client, contract: Contract) -> None:
    client.events = client.events.replace("/accounts/sandbox/", "/accounts/elsewhere/")
    answer = client.create()
    contract.is_failure(answer)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)
