"""The list: what filters find, in which encoding, in which order, on which page."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from events.sandbox import Sandbox

from .conftest import Client

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
    uuids = client.uuids(_parallel((field, op, value)))
    assert {names[uuid] for uuid in uuids} == set(found.split())


def test_several_filters_all_have_to_hold(client: Client, names: dict[str, str]) -> None:
    query = _parallel(("category", "equals", "Ransomware"), ("tlp", "equals", "red"))
    assert [names[uuid] for uuid in client.uuids(query)] == ["bank"]
    query = _parallel(("category", "equals", "Ransomware"), ("tlp", "equals", "amber"))
    assert client.uuids(query) == []


def _queries(value: str) -> dict[str, str]:
    one = [{"field": "indicator", "op": "equals", "value": value}]
    return {
        "search-parallel": _parallel(("indicator", "equals", value)),
        "search-indexed": "?search[0][field]=indicator&search[0][op]=equals"
        f"&search[0][value]={value}",
        "search-json": f"?search={quote(json.dumps(one))}",
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
    assert len(client.uuids(_queries("192.0.2.7")["search-parallel"])) == 1


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


def test_in_takes_100_values_and_no_more(client: Client) -> None:
    head = "?search.field=indicator&search.op=in"
    assert client.call("GET", head + "&search.value=x" * 100).status_code == 200
    assert client.call("GET", head + "&search.value=x" * 101).status_code == 400


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


def test_hostile_values_are_only_values(client: Client, names: dict[str, str]) -> None:
    for value in ("' OR 1=1 --", "%", "\x00", '"', "\\", "é" * 2_000):
        assert client.uuids(_parallel(("event", "equals", value))) == []


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
    query, found = _parallel(("category", "not", "Ransomware")) + "&pageSize=1&order=asc", []
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
    assert client.uuids(_parallel(("createdAt", "gt", "2020-01-01"))) == []
    [held] = sandbox.ledger.events()
    assert held.created_at < "2020" and held.held_since > 1_700_000_000
