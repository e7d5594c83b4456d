"""The list of indicators: what finds them, their events, pages, and what is not answered."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from openapi_core.exceptions import OpenAPIError

from events.sandbox import Sandbox

from .conftest import CREATE_ONLY, DEFAULT, Client, Contract, as_search


def _query(*filters: tuple[str, str, Any], **rest: str) -> str:
    more = "".join(f"&{name}={quote(value)}" for name, value in rest.items())
    return f"/indicators?search={quote(json.dumps(as_search(*filters)))}{more}"


def _found(client: Client, *filters: tuple[str, str, Any], **rest: str) -> list[dict[str, Any]]:
    answer = client.call("GET", _query(*filters, **rest))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["indicators"]
    return found


def _many(client: Client, count: int, **rest: Any) -> str:
    """An event of `count` domains, d0.example and so on; its uuid."""
    rows = [{"indicatorType": "domain", "value": f"d{number}.example"} for number in range(count)]
    event = client.create(indicator=None, indicatorType=None, indicators=rows, **rest).json()
    return str(event["uuid"])


def test_a_hundred_values_are_found_in_one_request(client: Client, contract: Contract) -> None:
    event = _many(client, 60)
    wanted = [f"d{number}.example" for number in range(100)]
    answer = client.call("GET", _query(("value", "in", wanted), pageSize="100"))
    contract.check(answer)
    found = answer.json()["indicators"]
    assert {each["value"] for each in found} == set(wanted[:60])
    assert {each["relatedEvents"][0]["eventId"] for each in found} == {event}
    refused = client.call("GET", _query(("value", "in", [*wanted, "one more"])))
    assert refused.status_code == 400 and "ValidationError: search.0.value" in refused.text
    with pytest.raises(OpenAPIError):
        contract.check(refused)


def test_an_indicator_is_one_whatever_number_of_events_it_is_in(client: Client) -> None:
    events = [client.create(tlp=tlp).json()["uuid"] for tlp in ("green", "red", "amber")]
    client.create(datasetId=CREATE_ONLY)
    [one] = _found(client, ("value", "equals", "domain.com"))
    assert [each["eventId"] for each in one["relatedEvents"]] == events[:0:-1]
    assert (one["relatedEventsHasMore"], one["tlp"]) == (True, "RED")
    [whole] = _found(client, relatedEventsLimit="-1")
    assert [each["eventId"] for each in whole["relatedEvents"]] == events[::-1]
    assert "relatedEventsHasMore" not in whole
    [none] = _found(client, relatedEventsLimit="0")
    assert (none["relatedEvents"], none["uuid"]) == ([], one["uuid"])
    everywhere = _found(client, datasetIds="*")
    assert {each["datasetId"] for each in everywhere} == {DEFAULT, CREATE_ONLY}


@pytest.mark.parametrize(
    ("tlps", "told"),
    [
        (["amber+strict", "green"], "AMBER-STRICT"),
        (["clear"], "CLEAR"),
        (["purple", "red"], "PURPLE"),
    ],
)
def test_the_strictest_label_is_told_in_upper_case(
    tlps: list[str], told: str, client: Client
) -> None:
    for tlp in tlps:
        client.create(tlp=tlp)
    [one] = _found(client)
    assert one["tlp"] == told


@pytest.mark.parametrize(
    ("filters", "rest", "values"),
    [
        ([("value", "startsWith", "d1.")], {}, ["d1.example"]),
        ([("value", "equals", "D1.example")], {}, []),
        ([("indicatorType", "equals", "ip")], {}, ["192.0.2.7"]),
        ([("indicatorType", "not", "ip"), ("value", "contains", "1")], {}, ["d1.example"]),
        ([], {"name": "192"}, ["192.0.2.7"]),
        ([], {"indicatorType": "ip"}, ["192.0.2.7"]),
        ([], {"createdAfter": "2999-01-01T00:00:00Z"}, []),
        ([], {"createdBefore": "2020-01-01T00:00:00Z"}, []),
        ([], {"relatedEvents": "no-such"}, []),
    ],
)
def test_filters_choose(
    filters: list[tuple[str, str, Any]], rest: dict[str, str], values: list[str], client: Client
) -> None:
    _many(client, 2)
    client.create(indicator="192.0.2.7", indicatorType="ip")
    assert [each["value"] for each in _found(client, *filters, **rest)] == values


def test_an_indicator_is_found_by_its_uuid_and_its_event(client: Client) -> None:
    event = _many(client, 3)
    client.create()
    three = _found(client, relatedEvents=event)
    assert len(three) == 3
    assert _found(client, ("uuid", "in", [three[1]["uuid"], "no-such"])) == [three[1]]


def test_events_that_are_left_out_are_told_in_the_envelope(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.behave("indicators", "envelope")
    for is_cut in (False, False, True):
        client.create()
        answer = client.call("GET", "/indicators").json()
        assert bool(answer["messages"]) is is_cut


def test_pages_and_cursor_reach_everything_once(client: Client, contract: Contract) -> None:
    _many(client, 7)
    query, seen = _query(("value", "contains", "d"), pageSize="3", includeTotalCount="true"), []
    while True:
        answer = client.call("GET", query)
        contract.check(answer)
        page = answer.json()
        seen += [each["value"] for each in page["indicators"]]
        assert page["pagination"]["total_count"] == 7
        if not page["pagination"]["has_more"]:
            break
        query = f"/indicators?cursor={quote(page['pagination']['cursor'])}"
    assert page["pagination"]["cursor"] is None
    assert len(seen) == len(set(seen)) == 7
    conflict = client.call("GET", query + "&pageSize=3")
    assert conflict.status_code == 400 and "CursorFilterConflictError" in conflict.text


def test_the_source_of_an_event_is_told_with_its_indicators(client: Client) -> None:
    source = {
        "system": "threat-signals",
        "resourceType": "article",
        "resourceId": "9c5d7a52-2f9d-4f0e-9a51-1f6f0a1f7c11",
    }
    client.create(source=source)
    [one] = _found(client)
    assert one["sources"] == [source]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?search=nonsense", 400),
        ("?search={}", 400),
        (_query(("event", "equals", "x"))[11:], 400),
        (_query(("value", "near", "x"))[11:], 400),
        ("?datasetIds=no-such", 404),
        ("?datasetIds=*&datasetIds=all", 400),
        ("?createdAfter=yesterday", 400),
        ("?relatedEventsLimit=-2", 400),
        ("?pageSize=0", 400),
        ("?includeTags=maybe", 400),
        ("?tags=malware", 501),
        ("?tagSearch=[]", 501),
        ("?format=stix2", 501),
    ],
)
def test_what_is_not_understood_is_refused(
    query: str, status: int, client: Client, contract: Contract
) -> None:
    client.create()
    answer = client.call("GET", "/indicators" + query)
    assert answer.status_code == status, answer.text
    contract.is_failure(answer)


def test_an_event_that_was_deleted_takes_its_indicators_along(client: Client) -> None:
    event = _many(client, 2)
    client.call("DELETE", f"/datasets/{DEFAULT}/events?eventIds={event}")
    assert _found(client) == []


def test_filters_are_ignored_on_demand(sandbox: Sandbox, client: Client) -> None:
    _many(client, 3)
    sandbox.behave("indicators", "ignore-filters", times=1)
    assert len(_found(client, ("value", "equals", "d1.example"))) == 3
    assert len(_found(client, ("value", "equals", "d1.example"))) == 1
