"""The list: what filters find, in which encoding, in which order, on which page."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from openapi_core.exceptions import OpenAPIError

from events.sandbox import Sandbox

from .conftest import DEFAULT, Client, Contract, as_query, as_search

EVENTS: dict[str, dict[str, Any]] = {
    "yeti": {},
    "bank": {
        "category": "Ransomware",
        "event": "Files of a 100% safe_bank were encrypted",
        "attacker": "BLACKBASTA",
        "attackerCountry": "RU",
        "targetCountry": "DE",
        "targetIndustry": "Banking & Financial Services",
        "indicator": "192.0.2.7",
        "indicatorType": "ip",
        "tlp": "red",
        "tags": ["ransomware", "financial"],
        "date": "2026-10-02T12:00:00+02:00",
    },
    "bare": {
        "event": "Somebody scanned ports",
        "category": "Port Scanning",
        "attacker": None,
        "attackerCountry": None,
        "targetCountry": None,
        "targetIndustry": None,
        "indicator": None,
        "indicatorType": None,
        "tags": None,
        "date": "2024-01-01T00:00:00.250Z",
    },
}


@pytest.fixture
def names(client: Client) -> dict[str, str]:
    """The events above, created; their names by uuid."""
    return {client.create(**changes).json()["uuid"]: name for name, changes in EVENTS.items()}


def _parallel(*filters: tuple[str, str, str]) -> str:
    return "?" + "&".join(
        f"search.field={field}&search.op={op}&search.value={quote(value)}"
        for field, op, value in filters
    )


@pytest.mark.parametrize(
    ("field", "op", "value", "found"),
    [
        ("event", "equals", "Somebody scanned ports", "bare"),
        ("event", "equals", "somebody scanned ports", ""),
        ("event", "contains", "100%", "bank"),
        ("event", "contains", "e_b", "bank"),
        ("event", "contains", "S_mebody", ""),
        ("event", "endsWith", "%ports", ""),
        ("event", "contains", "SCANNED", "bare"),
        ("event", "find", "scanned", "bare"),
        ("event", "like", "%were%encrypted", "bank"),
        ("event", "like", "encrypted", ""),
        ("event", "startsWith", "an att", "yeti"),
        ("event", "endsWith", "PORTS", "bare"),
        ("attacker", "not", "BLACKBASTA", "yeti bare"),
        ("attackerCountry", "equals", "RU", "bank"),
        ("category", "in", "Ransomware", "bank"),
        ("targetIndustry", "equals", "Banking & Financial Services", "bank"),
        ("tlp", "not", "amber", "bank"),
        ("killChain", "gt", "2", "bank"),
        ("killChain", "lte", "2", "yeti bare"),
        ("killChain", "equals", "7", "bank"),
        ("hasChildren", "equals", "false", "yeti bank bare"),
        ("hasChildren", "equals", "true", ""),
        ("indicator", "equals", "192.0.2.7", "bank"),
        ("indicator", "startsWith", "192.0.2.", "bank"),
        ("indicator", "not", "192.0.2.7", "yeti bare"),
        ("indicatorType", "equals", "domain", "yeti"),
        ("tags", "equals", "financial", "bank"),
        ("tags", "not", "financial", "yeti bare"),
        ("mitreAttack", "equals", "T1486", "bank"),
        ("mitreCapec", "equals", "CAPEC-300", "bare"),
        ("date", "equals", "2026-10-02T10:00:00Z", "bank"),
        ("date", "gte", "2024-01-01T00:00:00Z", "bank bare"),
        ("date", "lt", "2024-01-01", "yeti"),
        ("createdAt", "gt", "2026-01-01", "yeti bank bare"),
        ("createdAt", "lt", "2026-01-01", ""),
        ("uuid", "equals", "no-such", ""),
    ],
)
def test_one_filter(
    *, field: str, op: str, value: str, found: str, client: Client, names: dict[str, str]
) -> None:
    wanted: Any = [value] if op == "in" else value
    for uuids in (client.uuids(as_query((field, op, wanted))), client.posted((field, op, wanted))):
        assert {names[uuid] for uuid in uuids} == set(found.split())


def test_several_filters_all_have_to_hold(client: Client, names: dict[str, str]) -> None:
    ransomware = ("category", "equals", "Ransomware")
    assert [names[uuid] for uuid in client.posted(ransomware, ("tlp", "equals", "red"))] == ["bank"]
    assert client.posted(ransomware, ("tlp", "equals", "amber")) == []
    assert client.uuids(as_query(ransomware, ("tlp", "equals", "amber"))) == []


def _queries(value: str) -> dict[str, str]:
    return {
        "search-parallel": _parallel(("indicator", "equals", value)),
        "search-indexed": "?search[0][field]=indicator&search[0][op]=equals"
        f"&search[0][value]={value}",
        "search-json": as_query(("indicator", "equals", value)),
    }


@pytest.mark.parametrize("spoken", ["search-parallel", "search-indexed", "search-json"])
def test_one_encoding_filters_and_the_others_are_ignored(
    spoken: str, sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", spoken)
    for encoding, query in _queries("192.0.2.7").items():
        expected = {"bank"} if encoding == spoken else set(EVENTS)
        assert {names[uuid] for uuid in client.uuids(query)} == expected, encoding


def test_filters_are_ignored_on_demand(
    sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", "ignore-filters", times=3)
    for query in _queries("192.0.2.7").values():
        assert len(client.uuids(query)) == 3
    assert len(client.uuids(_queries("192.0.2.7")["search-json"])) == 1
    sandbox.behave("list", "ignore-filters", times=1)
    assert len(client.posted(("indicator", "equals", "192.0.2.7"))) == 3
    assert len(client.posted(("indicator", "equals", "192.0.2.7"))) == 1


@pytest.mark.parametrize(
    ("spoken", "query"),
    [
        (
            "search-parallel",
            "?search.field=indicator&search.op=in&search.value=192.0.2.7&search.value=domain.com",
        ),
        (
            "search-indexed",
            "?search[0][field]=indicator&search[0][op]=in"
            "&search[0][value][]=192.0.2.7&search[0][value][]=domain.com",
        ),
        (
            "search-indexed",
            "?search[0][field]=indicator&search[0][op]=in"
            "&search[0][value][0]=192.0.2.7&search[0][value][1]=domain.com",
        ),
        (
            "search-json",
            "?search="
            + quote('[{"field":"indicator","op":"in","value":["192.0.2.7","domain.com"]}]'),
        ),
    ],
)
def test_in_takes_several_values(
    spoken: str, query: str, sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", spoken)
    assert {names[uuid] for uuid in client.uuids(query)} == {"yeti", "bank"}


@pytest.mark.parametrize("spoken", ["search-json", "search-parallel", "search-indexed"])
def test_post_filters_whatever_a_get_may_write(
    spoken: str, sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", spoken)
    assert [names[uuid] for uuid in client.posted(("tlp", "equals", "red"))] == ["bank"]


def test_a_server_may_understand_filters_by_post_alone(
    sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", "search-post")
    for query in _queries("192.0.2.7").values():
        assert len(client.uuids(query)) == 3
    assert len(client.posted(("indicator", "equals", "192.0.2.7"))) == 1


def test_a_server_may_have_no_list_by_post(
    sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    for status in (405, 404):
        sandbox.behave("list", "no-post", seconds=status)
        answer = client.post_list()
        contract.is_failure(answer)
        assert answer.status_code == status
    assert client.call("GET").status_code == 200


@pytest.mark.parametrize(
    ("spoken", "query"),
    [
        ("search-parallel", "?search.field=event&search.value=x"),
        ("search-parallel", "?search.field=event&search.op=equals&search.value=x&search.value=y"),
        ("search-parallel", "?search.field=killChain&search.op=equals&search.value=many"),
        ("search-parallel", "?search.field=hasChildren&search.op=equals&search.value=1"),
        ("search-parallel", f"?search.field=event&search.op=like&search.value={'%' * 9_000}"),
        ("search-indexed", "?search[0][field]=event&search[0][value]=x"),
        ("search-json", "?search=[1]"),
        ("search-json", "?search=nonsense"),
        ("search-json", "?search=" + "[" * 10_000),
    ],
)
def test_filters_that_cannot_be_understood_are_refused(
    spoken: str, query: str, sandbox: Sandbox, client: Client
) -> None:
    sandbox.behave("list", spoken)
    answer = client.call("GET", query)
    assert answer.status_code == 400
    assert "search" in answer.json()["errors"][0]["message"]


LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "conditions": (
        {"search": as_search(*[("tlp", "not", "red")] * 10)},
        {"search": as_search(*[("tlp", "not", "red")] * 11)},
    ),
    "values of in": (
        {"search": as_search(("indicator", "in", ["x"] * 100))},
        {"search": as_search(("indicator", "in", ["x"] * 101))},
    ),
    "characters of a value": (
        {"search": as_search(("event", "contains", "x" * 512))},
        {"search": as_search(("event", "contains", "x" * 513))},
    ),
    "an empty value": (
        {"search": as_search(("event", "contains", "x"))},
        {"search": as_search(("event", "contains", ""))},
    ),
    "a value among others": (
        {"search": as_search(("event", "in", ["x", "y"]))},
        {"search": as_search(("event", "in", ["x", ""]))},
    ),
    "in without a list": (
        {"search": as_search(("event", "in", ["x"]))},
        {"search": as_search(("event", "in", "x"))},
    ),
    "a list without in": (
        {"search": as_search(("event", "equals", "x"))},
        {"search": as_search(("event", "equals", ["x"]))},
    ),
    "a number for a text": (
        {"search": as_search(("event", "equals", "1"), ("killChain", "equals", 1))},
        {"search": as_search(("event", "equals", 1))},
    ),
    "patterns on numbers": (
        {"search": as_search(("killChain", "in", [1, "2"]))},
        {"search": as_search(("killChain", "contains", "2"))},
    ),
    "patterns on booleans": (
        {"search": as_search(("hasChildren", "equals", True))},
        {"search": as_search(("hasChildren", "like", "true"))},
    ),
    "a field that is not known": (
        {"search": as_search(("uuid", "equals", "x"))},
        {"search": as_search(("insight", "equals", "x"))},
    ),
    "a condition without a value": (
        {"search": []},
        {"search": [{"field": "event", "op": "equals"}]},
    ),
    "search that is no list": ({"search": []}, {"search": {}}),
    "branches": (
        {"searchBranches": [as_search(("tlp", "equals", "red"))] * 8},
        {"searchBranches": [as_search(("tlp", "equals", "red"))] * 9},
    ),
    "conditions of a branch": (
        {"searchBranches": [as_search(*[("tlp", "not", "red")] * 10)]},
        {"searchBranches": [as_search(*[("tlp", "not", "red")] * 11)]},
    ),
    "a branch without conditions": ({"searchBranches": []}, {"searchBranches": [[]]}),
    "an indicator in a branch": (
        {"searchBranches": [as_search(("indicatorType", "equals", "ip"))]},
        {"searchBranches": [as_search(("indicator", "equals", "192.0.2.7"))]},
    ),
    "a scope alone": ({"datasetId": ["*"]}, {"datasetId": ["*", DEFAULT]}),
    "an order": ({"order": "asc"}, {"order": "up"}),
    "a page": ({"page": 1}, {"page": 0}),
    "a page as text": ({"page": 2}, {"page": "2"}),
    "a page size": ({"pageSize": 25_000}, {"pageSize": 25_001}),
    "datasets": ({"datasetId": [DEFAULT]}, {"datasetId": DEFAULT}),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_the_sandbox_and_the_contract_agree_on_what_is_too_much(
    limit: str, client: Client, contract: Contract
) -> None:
    good, bad = LIMITS[limit]
    contract.check(client.post_list(**good))
    answer = client.post_list(**bad)
    assert answer.status_code == 400
    contract.is_answer(answer)
    envelope = answer.json()
    assert set(envelope) == {"success", "errors", "result"} and envelope["result"] == {}
    assert set(envelope["errors"][0]) == {"message"}
    assert envelope["errors"][0]["message"].startswith("ValidationError: ")
    with pytest.raises(OpenAPIError):
        contract.check(answer)


@pytest.mark.parametrize("limit", ["conditions", "values of in", "characters of a value"])
def test_a_get_has_the_same_limits(limit: str, client: Client, contract: Contract) -> None:
    good, bad = (f"?search={quote(json.dumps(each['search']))}" for each in LIMITS[limit])
    contract.check(client.call("GET", good))
    answer = client.call("GET", bad)
    assert answer.status_code == 400
    with pytest.raises(OpenAPIError):
        contract.check(answer)


def test_branches_are_joined_by_or_and_with_the_search_by_and(
    client: Client, names: dict[str, str]
) -> None:
    branches = [
        as_search(("tlp", "equals", "red"), ("attackerCountry", "equals", "RU")),
        as_search(("category", "equals", "Port Scanning")),
        as_search(("tlp", "equals", "red"), ("attackerCountry", "equals", "CN")),
    ]
    found = client.posted(searchBranches=branches)
    assert {names[uuid] for uuid in found} == {"bank", "bare"}
    found = client.posted(("event", "contains", "ports"), searchBranches=branches)
    assert {names[uuid] for uuid in found} == {"bare"}


def test_branches_are_not_for_analytics_datasets(client: Client) -> None:
    branches = [as_search(("tlp", "equals", "red"))]
    assert client.post_list(searchBranches=branches, datasetId=["analytics"]).status_code == 400
    assert client.post_list(searchBranches=branches, datasetId=["operational"]).status_code == 200


@pytest.mark.parametrize(
    "beside",
    [
        {"search": as_search(("tlp", "equals", "red"))},
        {"datasetId": [DEFAULT]},
        {"order": "asc"},
        {"orderBy": "date"},
        {"page": 2},
        {"searchBranches": [as_search(("tlp", "equals", "red"))]},
    ],
)
def test_nothing_stands_beside_a_cursor(
    beside: dict[str, Any], client: Client, names: dict[str, str]
) -> None:
    cursor = _first_cursor(client)
    assert len(client.post_list(cursor=cursor, pageSize=5).json()) == 2
    answer = client.post_list(cursor=cursor, **beside)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("CursorFilterConflictError: ")


def test_a_get_takes_nothing_beside_a_cursor_either(client: Client, names: dict[str, str]) -> None:
    cursor = quote(_first_cursor(client))
    assert len(client.uuids(f"?cursor={cursor}&forceRefresh=true")) == 2
    for beside in (f"datasetId={DEFAULT}", "page=2", as_query(("tlp", "equals", "red"))[1:]):
        answer = client.call("GET", f"?cursor={cursor}&{beside}")
        assert answer.status_code == 400
        assert "CursorFilterConflictError" in answer.text


FORGED = (
    [[["x"], False], [["nose", "equals", ["x"]]], [], "date", "desc", 1],
    [[["x"], False], [["tlp", "equals", []]], [], "date", "desc", 1],
    [[["x"], False], [], [], "date; DROP TABLE events", "desc", 1],
    [[["x"], False], [], [], "date", "desc; DROP TABLE events", 1],
    [[["x"], False], [], [], "date", "desc", -1],
    [[["x"], False], [], [], "date", "desc", 1e300],
    [[{}, False], 5, [], "date", "desc", 1],
)


@pytest.mark.parametrize(
    "cursor",
    [
        *("nonsense", "e30=", "W10=", "bnVsbA==", ""),
        *(base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in FORGED),
    ],
)
def test_a_cursor_that_was_not_given_is_refused(cursor: str, client: Client) -> None:
    for answer in (
        client.post_list(cursor=cursor),
        client.call("GET", f"?cursor={cursor}"),
        client.call("GET", f"/indicators?cursor={cursor}"),
    ):
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"].startswith("InvalidCursorError: ")


def test_a_page_asked_by_post_goes_on_by_get_and_the_other_way_round(
    sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", "envelope")
    branches = [as_search(("tlp", "equals", "amber"))]
    first = client.post_list(pageSize=1, searchBranches=branches).json()
    query = f"?pageSize=1&cursor={quote(first['result_info']['cursor'])}"
    second = client.call("GET", query).json()
    found = [names[each["uuid"]] for page in (first, second) for each in page["result"]]
    assert found == ["bare", "yeti"]
    assert "cursor" not in second["result_info"]


def _first_cursor(client: Client) -> str:
    client.sandbox.behave("list", "envelope", times=1)
    info = client.post_list(pageSize=1).json()["result_info"]
    return str(info["cursor"])


def test_hostile_values_are_only_values(client: Client, names: dict[str, str]) -> None:
    for value in ("' OR 1=1 --", "%", "\x00", '"', "\\", "é" * 512):
        assert client.uuids(as_query(("event", "equals", value))) == []
        assert client.posted(("event", "equals", value)) == []


def test_a_lone_surrogate_in_a_json_search_finds_nothing(
    sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    sandbox.behave("list", "search-json")
    text = '[{"field":"event","op":"equals","value":"\\ud800"}]'
    assert client.uuids("?search=" + quote(text)) == []


def test_the_newest_comes_first_unless_asked_otherwise(
    client: Client, names: dict[str, str]
) -> None:
    assert [names[uuid] for uuid in client.uuids()] == ["bank", "bare", "yeti"]
    assert [names[uuid] for uuid in client.uuids("?order=asc")] == ["yeti", "bare", "bank"]
    by_category = client.uuids("?orderBy=category&order=asc")
    assert [names[uuid] for uuid in by_category] == ["yeti", "bare", "bank"]


def test_pages_and_cursor_reach_everything_once(
    sandbox: Sandbox, client: Client, names: dict[str, str]
) -> None:
    pages = [client.uuids(f"?pageSize=2&page={page}") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    sandbox.behave("list", "envelope")
    query, found = as_query(("category", "not", "Ransomware")) + "&pageSize=1&order=asc", []
    while True:
        answer = client.call("GET", query).json()
        found += [names[event["uuid"]] for event in answer["result"]]
        assert answer["result_info"]["total_count"] == 2
        if "cursor" not in answer["result_info"]:
            break
        query = f"?pageSize=1&cursor={quote(answer['result_info']['cursor'])}"
    assert found == ["yeti", "bare"]


def test_a_stale_list_shows_an_event_only_later(sandbox: Sandbox, client: Client) -> None:
    uuid = client.create().json()["uuid"]
    sandbox.behave("list", "stale-list", seconds=60)
    assert client.uuids() == []
    sandbox.behave("list", "stale-list", seconds=0)
    assert client.uuids() == [uuid]


def test_the_clock_of_the_api_may_be_another(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "clock", seconds=-86_400 * 3_650)
    client.create()
    assert client.uuids(as_query(("createdAt", "gt", "2020-01-01"))) == []
    [held] = sandbox.ledger.events()
    assert held.created_at < "2020" and held.held_since > 1_700_000_000
