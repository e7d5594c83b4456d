"""Lists that are incomplete, old, out of order: the same by GET, by POST and for indicators."""

from typing import Any

import pytest

from events.sandbox import Sandbox

from .conftest import DEFAULT, Client, Contract, as_query

WAYS = ("GET", "POST", "indicators")


def _see(client: Client, way: str, query: str = "") -> Any:
    """The answer of a list, and the events in it in their order."""
    mark = "?" if query else ""
    if way == "POST":
        return client.post_list(mark + query)
    return client.call("GET", ("/indicators" if way == "indicators" else "") + mark + query)


def _operation(way: str) -> str:
    return "indicators" if way == "indicators" else "list"


def _events(answer: Any, way: str) -> list[str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found = body.get("result", body) if isinstance(body, dict) else body
    if way == "indicators":
        return [each["relatedEvents"][0]["eventId"] for each in found["indicators"]]
    return [each["uuid"] for each in found]


@pytest.fixture
def three(client: Client) -> list[str]:
    """Three events with an indicator each, oldest first."""
    return [
        client.create(indicator=f"d{number}.example", date=f"2026-01-0{number}T00:00:00Z").json()[
            "uuid"
        ]
        for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_an_incomplete_answer_says_so_and_misses_the_newest(
    way: str, sandbox: Sandbox, client: Client, three: list[str], contract: Contract
) -> None:
    sandbox.behave(_operation(way), "incomplete")
    answer = _see(client, way)
    body = answer.json()
    told = body["completeness"]
    assert told["complete"] is False
    assert told["failedShards"] == [{"datasetId": DEFAULT, "shardId": "0"}]
    assert told["failedDatasets"] == [] and told["warnings"]
    assert set(_events(answer, way)) == set(three[:2])
    sandbox.behave(_operation(way), "incomplete", seconds=2)
    assert _events(_see(client, way), way) == three[:1]
    sandbox.behave(_operation(way), "complete")
    assert set(_events(_see(client, way), way)) == set(three)


def test_an_incomplete_list_stays_so_whatever_is_filtered(
    sandbox: Sandbox, client: Client, three: list[str]
) -> None:
    sandbox.behave("list", "incomplete")
    answer = client.call("GET", as_query(("indicator", "equals", "d3.example"))).json()
    assert (answer["success"], answer["result"]) == (True, [])
    assert answer["completeness"]["complete"] is False
    answer = client.call("GET", as_query(("indicator", "equals", "d2.example"))).json()
    assert [each["uuid"] for each in answer["result"]] == [three[1]]


def test_incomplete_indicators_are_not_counted(
    sandbox: Sandbox, client: Client, three: list[str], contract: Contract
) -> None:
    sandbox.behave("indicators", "incomplete")
    answer = client.call("GET", "/indicators?includeTotalCount=true")
    contract.check(answer)
    assert answer.json()["pagination"]["total_count"] is None
    assert answer.json()["pagination"]["total_count_is_exact"] is False


@pytest.mark.parametrize("way", WAYS)
def test_a_cached_list_is_old_unless_it_is_refreshed(
    way: str, sandbox: Sandbox, client: Client, three: list[str]
) -> None:
    sandbox.behave(_operation(way), "cached-list", seconds=60)
    assert _events(_see(client, way), way) == []
    assert _events(_see(client, way, "forceRefresh=false"), way) == []
    assert set(_events(_see(client, way, "forceRefresh=true"), way)) == set(three)
    sandbox.behave(_operation(way), "cached-list", seconds=0)
    assert set(_events(_see(client, way), way)) == set(three)


@pytest.mark.parametrize("way", WAYS)
def test_a_stale_list_is_old_though_it_is_refreshed(
    way: str, sandbox: Sandbox, client: Client, three: list[str]
) -> None:
    sandbox.behave(_operation(way), "stale-list", seconds=60)
    assert _events(_see(client, way, "forceRefresh=true"), way) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_reordered_list_has_everything_in_an_order_of_its_own(
    way: str, sandbox: Sandbox, client: Client
) -> None:
    made = [
        client.create(indicator=f"d{n}.example", date=f"2026-01-{n:02}T00:00:00Z").json()["uuid"]
        for n in range(1, 13)
    ]
    assert _events(_see(client, way), way) == made[::-1]
    sandbox.behave(_operation(way), "list-reordered")
    mixed = _events(_see(client, way), way)
    assert mixed not in (made, made[::-1]) and sorted(mixed) == sorted(made)


def test_pages_of_a_reordered_list_miss_and_repeat_nothing(
    sandbox: Sandbox, client: Client
) -> None:
    made = {client.create().json()["uuid"] for _ in range(9)}
    sandbox.behave("list", "list-reordered")
    seen = [uuid for page in (1, 2, 3, 4) for uuid in client.posted(page=page, pageSize=3)]
    assert len(seen) == 9 and set(seen) == made


def test_lies_combine(sandbox: Sandbox, client: Client, three: list[str]) -> None:
    for name in ("incomplete", "cached-list", "list-reordered", "ignore-filters"):
        sandbox.behave("list", name)
    answer = client.post_list("?forceRefresh=true", search=[]).json()
    assert {each["uuid"] for each in answer["result"]} == set(three[:2])
    assert answer["completeness"]["complete"] is False


def test_all_reaches_every_list(sandbox: Sandbox, client: Client, three: list[str]) -> None:
    sandbox.behave("all", "cached-list")
    assert [_events(_see(client, way), way) for way in WAYS] == [[], [], []]
