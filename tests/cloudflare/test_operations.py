"""Each operation: the request it makes, by the contract, and every form its answer may take."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cloudflare import Cloudflare
from openapi_core.exceptions import OpenAPIError

from events.cloudflare import (
    SEARCH_STYLES,
    Actor,
    Category,
    Client,
    Country,
    Dataset,
    Filter,
    IndicatorPage,
    NotSent,
    RateLimit,
    RawData,
    Refused,
    RelatedEvent,
    SearchStyle,
    SeenIndicator,
    Tag,
    TokenStatus,
    Unknown,
)
from events.cloudflare.client import MAX_CREATED_BYTES
from tests.cloudflare.contract import validate
from tests.cloudflare.support import (
    ACCOUNT,
    CREATED,
    DATASET,
    EVENT,
    TOKEN,
    UUID,
    client_for,
    envelope,
    failure,
)
from tests.servers import MisbehavingServer, Received, Script, close, reply

EVENTS = f"/client/v4/accounts/{ACCOUNT}/cloudforce-one/events"
REFERENCE_EXAMPLE = json.dumps(
    {
        "category": "Domain Resolution",
        "date": "2022-04-01T00:00:00Z",
        "event": "An attacker registered the domain domain.com",
        "raw": {"data": {"foo": "bar"}, "source": "example.com", "tlp": "amber"},
        "tlp": "amber",
        "attacker": "Flying Yeti",
        "attackerCountry": "CN",
        "indicator": "domain.com",
        "indicatorType": "domain",
        "tags": ["malware"],
        "targetCountry": "US",
        "targetIndustry": "Agriculture",
    },
    indent=1,
).encode()

DATASETS = [
    {"uuid": DATASET, "name": "Ours", "isPublic": False, "indicatorWriteMode": "full"},
    {"uuid": UUID, "name": "All", "isPublic": True, "isAnalytics": True, "deletedAt": "2026-01-01"},
    {"uuid": UUID, "name": "Unclear"},
]
CATEGORIES = [
    {
        "uuid": UUID,
        "name": "Domain Resolution",
        "shortname": "dns",
        "killChain": 3,
        "mitreAttack": ["T1583", "T1584"],
        "mitreCapec": ["CAPEC-1"],
    },
    {"name": "Bare"},
]
COUNTRIES = [
    {"alpha2": "AF", "alpha3": "AF", "name": "Afghanistan"},
    {"alpha2": "de", "alpha3": "DEU", "name": "Germany"},
]
TAGS = [{"uuid": UUID, "value": "malware", "categoryName": None, "tlp": "green"}]
RAW = {"id": 1, "accountId": 2, "created": "now", "data": {"a": 1}, "source": "s", "tlp": "red"}

WANT_DATASETS = (
    Dataset(DATASET, "Ours", is_public=False, indicator_write_mode="full"),
    Dataset(UUID, "All", is_public=True, is_analytics=True, deleted_at="2026-01-01"),
    Dataset(UUID, "Unclear", is_public=True),
)
WANT_CATEGORIES = (
    Category(UUID, "Domain Resolution", "dns", 3, ("T1583", "T1584"), ("CAPEC-1",)),
    Category("", "Bare"),
)
WANT_COUNTRIES = (Country("AF", "AF", "Afghanistan"), Country("DE", "DEU", "Germany"))

INDICATORS = {
    "indicators": [
        {
            "uuid": UUID,
            "value": "domain.com",
            "indicatorType": "domain",
            "datasetId": DATASET,
            "tlp": "AMBER-STRICT",
            "relatedEvents": [
                {"datasetId": DATASET, "eventId": UUID, "eventDate": "2022-04-01T00:00:00Z"},
                {"datasetId": DATASET, "eventId": UUID, "eventDate": None},
                {"datasetId": DATASET},
            ],
            "relatedEventsHasMore": True,
        },
        {"value": " bare ", "tlp": None, "relatedEvents": None},
        {"value": 7},
    ],
    "pagination": {"cursor": "next", "has_more": True},
    "completeness": {"complete": True, "failedDatasets": [], "failedShards": [], "warnings": []},
}
WANT_INDICATORS = IndicatorPage(
    (
        SeenIndicator(
            "domain.com",
            "domain",
            "AMBER-STRICT",
            DATASET,
            (RelatedEvent(DATASET, UUID, "2022-04-01T00:00:00Z"), RelatedEvent(DATASET, UUID)),
            has_more=True,
        ),
        SeenIndicator(" bare "),
    ),
    cursor="next",
    has_more=True,
)
ACTORS = [
    {
        "uuid": UUID,
        "value": "Flying Yeti",
        "tlp": "amber",
        "confidence": 7,
        "aliases": [{"value": "UAC-0149"}, "FlyingYeti", {"value": None}, 7],
        "aliasGroupNames": ["UAC-0149", "Flying Yeti", "Storm-0149"],
    },
    {"name": "Bare", "confidence": True, "aliases": None},
    {"uuid": UUID},
]
WANT_ACTORS = (
    Actor("Flying Yeti", ("UAC-0149", "FlyingYeti", "Storm-0149"), "amber", 7),
    Actor("Bare"),
)

Call = Callable[[Client], Any]
OPERATIONS: dict[str, tuple[Call, str, Any, Any]] = {
    "verify_token": (
        Client.verify_token,
        "GET /client/v4/user/tokens/verify",
        {"id": "abc", "status": "active"},
        TokenStatus("abc", "active"),
    ),
    "read_event": (
        lambda client: client.read_event(DATASET, UUID),
        f"GET {EVENTS}/dataset/{DATASET}/events/{UUID}",
        EVENT,
        EVENT,
    ),
    "read_raw": (
        lambda client: client.read_raw(DATASET, UUID),
        f"GET {EVENTS}/datasets/{DATASET}/events/{UUID}/raw",
        RAW,
        RawData({"a": 1}, "", "s", "red", "now"),
    ),
    "datasets": (Client.datasets, f"GET {EVENTS}/dataset", DATASETS, WANT_DATASETS),
    "categories": (
        Client.categories,
        f"GET {EVENTS}/categories/catalog",
        CATEGORIES,
        WANT_CATEGORIES,
    ),
    "countries": (Client.countries, f"GET {EVENTS}/countries", COUNTRIES, WANT_COUNTRIES),
    "industries": (
        Client.industries,
        f"GET {EVENTS}/targetIndustries/catalog",
        ["Agriculture", {"name": "Insurance"}, " Agriculture ", {"title": "?"}, 7],
        ("Agriculture", "Insurance"),
    ),
    "attackers": (
        lambda client: client.attackers([DATASET, UUID]),
        f"GET {EVENTS}/attackers?datasetIds={DATASET}&datasetIds={UUID}",
        [{"name": "BLACKBASTA"}],
        ("BLACKBASTA",),
    ),
    "indicator_types": (
        Client.indicator_types,
        f"GET {EVENTS}/indicator-types",
        [],
        (),
    ),
    "indicators": (
        lambda client: client.indicators(["domain.com", 'a"&b'], dataset_ids=["*"]),
        f"GET {EVENTS}/indicators?datasetIds=%2A&search="
        "%5B%7B%22field%22%3A%22value%22%2C%22op%22%3A%22in%22%2C%22value%22%3A"
        "%5B%22domain.com%22%2C%22a%5C%22%26b%22%5D%7D%5D",
        INDICATORS,
        WANT_INDICATORS,
    ),
    "actors": (
        Client.actors,
        f"GET {EVENTS}/tags/categories/actors?page=1&pageSize=1000",
        {"actors": ACTORS, "pagination": {"page": 1, "totalPages": 1}},
        WANT_ACTORS,
    ),
    "actors like tags": (
        Client.actors,
        f"GET {EVENTS}/tags/categories/actors?page=1&pageSize=1000",
        {"tags": ACTORS, "pagination": {"page": 1, "totalPages": 1}},
        WANT_ACTORS,
    ),
    "tags": (
        Client.tags,
        f"GET {EVENTS}/tags?page=1&pageSize=1000",
        {"tags": TAGS, "pagination": {"page": 1, "totalPages": 1}},
        (Tag(UUID, "malware", "", "green"),),
    ),
}


def bare(result: Any) -> bytes:
    return json.dumps(result).encode()


def listed(result: Any) -> bytes:
    return json.dumps([{"success": "true", "result": result}]).encode()


@pytest.mark.parametrize("form", [bare, envelope, listed])
@pytest.mark.parametrize("name", OPERATIONS)
def test_each_read_keeps_the_contract_and_understands_every_form(name: str, form) -> None:
    call, request_line, result, wanted = OPERATIONS[name]
    with MisbehavingServer(reply(200, form(result))) as server:
        client = client_for(server.url)
        assert call(client) == wanted
        client.close()
    (request,) = server.requests
    assert f"{request.method} {request.target}" == request_line
    assert_headers(request)
    validate(request)


def assert_headers(request: Received) -> None:
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == "event-desk/1.0"


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(
    ("script", "error"),
    [
        (reply(404, failure({"message": "gone"})), Refused),
        (reply(503), Unknown),
        (close(), Unknown),
        (reply(200, failure({"message": "no"})), Unknown),
        (reply(200, b'"surprise"'), Unknown),
        (reply(200, b'{"items":{"type":"string"},"type":"array"}'), Unknown),
        (reply(200, b'[{"nothing":"known"}]'), Unknown),
        (reply(200, b"<html>"), Unknown),
    ],
)
def test_each_read_fails_by_the_same_errors_and_is_not_repeated(name: str, script, error) -> None:
    with MisbehavingServer(script) as server:
        with pytest.raises(error):
            OPERATIONS[name][0](client_for(server.url))
        assert len(server.requests) == 1


def test_create_sends_the_bytes_as_given() -> None:
    with MisbehavingServer(reply(200, bare(EVENT))) as server:
        client_for(server.url).create_event(REFERENCE_EXAMPLE)
    (request,) = server.requests
    assert f"{request.method} {request.target}" == f"POST {EVENTS}/create"
    assert request.body == REFERENCE_EXAMPLE
    assert request.headers["content-type"] == "application/json"
    assert_headers(request)
    validate(request)


def test_the_contract_refuses_what_breaks_it() -> None:
    with MisbehavingServer(reply(200, bare(EVENT))) as server:
        client_for(server.url).create_event(b'{"event":"nothing else"}')
    with pytest.raises(OpenAPIError):
        validate(server.requests[0])


@pytest.mark.parametrize(
    ("answer", "cursor"),
    [
        (bare([EVENT]), None),
        (envelope([EVENT], result_info={"cursor": "next"}), "next"),
        (envelope([EVENT], result_info={"cursor": ""}), None),
        (listed([EVENT]), None),
    ],
)
def test_a_page_of_events(answer: bytes, cursor: str | None) -> None:
    headers = [("Ratelimit", '"default";r=50;t=30')]
    with MisbehavingServer(reply(200, answer, headers)) as server:
        page = client_for(server.url).list_events()
    assert (page.events, page.cursor, page.rate) == ((EVENT,), cursor, RateLimit(50, 30.0))
    assert page.is_complete


FILTERS = (
    Filter("indicator", "equals", "a b&c=\N{LATIN SMALL LETTER U WITH DIAERESIS}:/?#[.]"),
    Filter("tlp", "in", ["red", "amber"]),
    Filter("hasChildren", "equals", True),
    Filter("killChain", "gte", 3),
)
AS_JSON = [
    {"field": "indicator", "op": "equals", "value": FILTERS[0].value},
    {"field": "tlp", "op": "in", "value": ["red", "amber"]},
    {"field": "hasChildren", "op": "equals", "value": True},
    {"field": "killChain", "op": "gte", "value": 3},
]
EVERYTHING: dict[str, Any] = {
    "dataset_ids": [DATASET, UUID],
    "page": 2,
    "page_size": 1000,
    "order_by": "date",
    "order": "desc",
    "force_refresh": True,
}


def test_a_list_is_asked_by_post_with_nothing_of_it_in_the_address() -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        client_for(server.url).list_events(filters=FILTERS, **EVERYTHING)
    (request,) = server.requests
    assert f"{request.method} {request.target}" == f"POST {EVENTS}?forceRefresh=true"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "search": AS_JSON,
        "datasetId": [DATASET, UUID],
        "page": 2,
        "pageSize": 1000,
        "orderBy": "date",
        "order": "desc",
    }
    assert_headers(request)
    validate(request)


@pytest.mark.parametrize("style", ["json", "parallel", "indexed"])
def test_a_list_may_be_asked_by_get(style: SearchStyle) -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        client_for(server.url, search_style=style).list_events(**EVERYTHING)
    (request,) = server.requests
    assert request.method == "GET"
    assert request.body == b""
    assert parse_qs(urlsplit(request.target).query) == {
        "datasetId": [DATASET, UUID],
        "page": ["2"],
        "pageSize": ["1000"],
        "orderBy": ["date"],
        "order": ["desc"],
        "forceRefresh": ["true"],
    }
    validate(request)


@pytest.mark.parametrize("style", SEARCH_STYLES)
def test_a_list_without_options_asks_for_the_default_dataset(style: SearchStyle) -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        assert client_for(server.url, search_style=style).list_events().events == ()
    (request,) = server.requests
    assert (request.target, request.body) == (EVENTS, b"{}" if style == "post" else b"")


@pytest.mark.parametrize("style", SEARCH_STYLES)
def test_beside_a_cursor_only_the_size_of_the_page_is_sent(style: SearchStyle) -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        client_for(server.url, search_style=style).list_events(
            cursor="c+/=", filters=FILTERS, **EVERYTHING
        )
    (request,) = server.requests
    query = parse_qs(urlsplit(request.target).query)
    assert query.pop("forceRefresh") == ["true"]
    asked = json.loads(request.body) if style == "post" else query
    assert asked == (
        {"cursor": "c+/=", "pageSize": 1000}
        if style == "post"
        else {"cursor": ["c+/="], "pageSize": ["1000"]}
    )
    validate(request)


@pytest.mark.parametrize("style", SEARCH_STYLES)
@pytest.mark.parametrize("script", [reply(503), close(), reply(200, CREATED), reply(201, b"{}")])
def test_a_list_that_fails_is_not_repeated_and_no_answer_to_a_create(
    style: SearchStyle, script: Script
) -> None:
    with MisbehavingServer(script) as server:
        with pytest.raises(Unknown):
            client_for(server.url, search_style=style).list_events(filters=FILTERS)
        assert len(server.requests) == 1


def test_a_list_by_post_may_be_as_long_as_any_read() -> None:
    events = json.dumps([EVENT] * 1000).encode()
    assert len(events) > MAX_CREATED_BYTES
    with MisbehavingServer(reply(200, events)) as server:
        assert len(client_for(server.url).list_events().events) == 1000


@pytest.mark.parametrize("style", SEARCH_STYLES)
@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ([Filter("tlp", "equals", "red")] * 11, "up to 10 filters"),
        ([Filter("indicator", "in", ["x"] * 101)], "1 to 100 values"),
        ([Filter("indicator", "in", [])], "1 to 100 values"),
        ([Filter("indicator", "equals", "x" * 513)], "longer than 512"),
        ([Filter("event", "equals", "\N{PILE OF POO}" * 257)], "longer than 512"),
        ([Filter("event", "in", ["good", ""])], "empty"),
        ([Filter("event", "equals", "half \ud83d")], "no text that can be sent"),
    ],
)
def test_filters_over_the_limits_are_not_sent(
    style: SearchStyle, filters: list[Filter], sentence: str
) -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        with pytest.raises(NotSent, match=sentence):
            client_for(server.url, search_style=style).list_events(filters=filters)
        assert server.requests == []


def test_filters_at_the_limits_are_sent() -> None:
    filters = [Filter("indicator", "in", ["x" * 512] * 100)] * 10
    with MisbehavingServer(reply(200, b"[]")) as server:
        client_for(server.url).list_events(filters=filters)
    validate(server.requests[0])


COMPLETE = {"complete": True, "failedDatasets": [], "failedShards": [], "warnings": ["slow"]}
SHARD = {"datasetId": DATASET, "shardId": "7"}


@pytest.mark.parametrize(
    ("completeness", "is_complete"),
    [
        (COMPLETE, True),
        ({}, True),
        (None, True),
        ({**COMPLETE, "complete": False}, False),
        ({**COMPLETE, "complete": "no"}, False),
        ({**COMPLETE, "complete": None}, False),
        ({**COMPLETE, "failedShards": [SHARD]}, False),
        ({**COMPLETE, "failedDatasets": [DATASET]}, False),
        ({"failedShards": 2}, False),
        (False, False),
        ("partial", False),
    ],
)
@pytest.mark.parametrize("place", ["top", "result", "result_info", "bare", "info itself"])
def test_a_page_says_whether_it_is_complete(
    place: str, completeness: Any, is_complete: bool
) -> None:
    said = {"completeness": completeness}
    fields = completeness if isinstance(completeness, dict) else {}
    answer = {
        "top": envelope([EVENT], **said),
        "result": envelope({"events": [EVENT], **said}),
        "result_info": envelope([EVENT], result_info={"cursor": "next", **said}),
        "bare": bare({"items": [EVENT], "pagination": {"cursor": "next"}, **said}),
        "info itself": envelope([EVENT], result_info=fields),
    }[place]
    with MisbehavingServer(reply(200, answer)) as server:
        page = client_for(server.url).list_events()
    assert page.events == (EVENT,)
    assert page.is_complete is (is_complete or (place == "info itself" and not fields))
    assert page.cursor == ("next" if place in ("result_info", "bare") else None)


def test_a_partial_content_is_not_complete() -> None:
    with MisbehavingServer(reply(206, b"[]")) as server:
        assert not client_for(server.url).list_events().is_complete


def test_filters_may_be_written_as_the_official_sdk_writes_them() -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        sdk = Cloudflare(api_token=TOKEN, base_url=f"{server.url}/client/v4", max_retries=0)
        sdk.cloudforce_one.threat_events.list(
            account_id=ACCOUNT,
            search=[
                {"field": each.field, "op": each.op, "value": each.value}  # type: ignore[list-item]
                for each in FILTERS
            ],
        )
        sdk.close()
        client_for(server.url, search_style="parallel").list_events(filters=FILTERS)
    theirs, ours = (parse_qs(urlsplit(request.target).query) for request in server.requests)
    assert ours == theirs


def test_filters_may_be_written_in_two_other_ways() -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        client = client_for(server.url)
        client.with_search_style("indexed").list_events(filters=FILTERS[:2])
        client.with_search_style("json").list_events(filters=FILTERS)
        client.list_events(filters=FILTERS[:1])
        assert server.connections == 1
        client.close()
    indexed, as_json, by_post = (
        parse_qsl(urlsplit(request.target).query) for request in server.requests
    )
    assert indexed == [
        ("search[0][field]", "indicator"),
        ("search[0][op]", "equals"),
        ("search[0][value]", FILTERS[0].value),
        ("search[1][field]", "tlp"),
        ("search[1][op]", "in"),
        ("search[1][value]", "red"),
        ("search[1][value]", "amber"),
    ]
    assert [(name, json.loads(value)) for name, value in as_json] == [("search", AS_JSON)]
    assert by_post == []


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"a": [1, "é"]}, RawData({"a": [1, "é"]})),
        ('{"a": [1, "\\u00e9"]}', RawData({"a": [1, "é"]})),
        ({}, RawData({})),
        (None, RawData(None)),
        ("null", RawData(None)),
        ("[1]", RawData(None, "[1]")),
        ("not JSON", RawData(None, "not JSON")),
        ('{"a": NaN}', RawData(None, '{"a": NaN}')),
    ],
)
def test_raw_data_comes_as_a_map_or_as_json_text(data: Any, wanted: RawData) -> None:
    with MisbehavingServer(reply(200, bare({"data": data}))) as server:
        assert client_for(server.url).read_raw(DATASET, UUID) == wanted


@pytest.mark.parametrize(
    "values", [[], ["x"] * 101, [""], ["x" * 513], ["\ud800"]], ids=["0", "101", "", "513", "half"]
)
def test_indicators_over_the_limits_are_not_sent(values: list[str]) -> None:
    with MisbehavingServer(reply(200, b"[]")) as server:
        with pytest.raises(NotSent, match="filter on value"):
            client_for(server.url).indicators(values)
        assert server.requests == []


def test_beside_a_cursor_no_indicators_are_named() -> None:
    with MisbehavingServer(reply(200, envelope(INDICATORS))) as server:
        client_for(server.url).indicators(cursor="c+/=", dataset_ids=["*"], page_size=5)
    (request,) = server.requests
    assert parse_qsl(urlsplit(request.target).query) == [("cursor", "c+/=")]
    validate(request)


def test_indicators_take_options() -> None:
    with MisbehavingServer(reply(200, bare([]))) as server:
        page = client_for(server.url).indicators(
            ["x"], page_size=5, related_most=20, force_refresh=True
        )
    assert page == IndicatorPage(())
    options = dict(parse_qsl(urlsplit(server.requests[0].target).query))
    del options["search"]
    assert options == {"pageSize": "5", "relatedEventsLimit": "20", "forceRefresh": "true"}
    validate(server.requests[0])


@pytest.mark.parametrize(
    "completeness", [{"complete": False}, {"complete": True, "failedShards": [{}]}]
)
def test_indicators_say_whether_they_are_complete(completeness: dict[str, Any]) -> None:
    for form in (bare, envelope):
        answer = form({**INDICATORS, "completeness": completeness})
        with MisbehavingServer(reply(200, answer)) as server:
            assert not client_for(server.url).indicators(["x"]).is_complete
    with MisbehavingServer(reply(206, envelope(INDICATORS))) as server:
        assert not client_for(server.url).indicators(["x"]).is_complete


def test_a_bare_list_of_actors_is_read_until_it_brings_nothing_new() -> None:
    second = [*ACTORS, {"value": "Another"}]
    with MisbehavingServer(
        reply(200, bare(ACTORS)), reply(200, bare(second)), reply(200, bare(second))
    ) as server:
        client = client_for(server.url)
        assert client.actors() == (*WANT_ACTORS, Actor("Another"))
        client.close()
    assert len(server.requests) == 3


def test_all_pages_of_tags_are_read() -> None:
    def page(number: int) -> bytes:
        tags = [{"uuid": UUID, "value": f"tag {number}"}]
        return envelope({"tags": tags, "pagination": {"page": number, "totalPages": 3}})

    with MisbehavingServer(*(reply(200, page(number)) for number in (1, 2, 3))) as server:
        client = client_for(server.url)
        assert [tag.value for tag in client.tags(search="t")] == ["tag 1", "tag 2", "tag 3"]
        client.close()
    assert [parse_qs(urlsplit(request.target).query)["page"] for request in server.requests] == [
        ["1"],
        ["2"],
        ["3"],
    ]
    for request in server.requests:
        validate(request)


@pytest.mark.parametrize("identifier", ["", "..", "a/b", "a?b", "a b", "\N{EURO SIGN}", "x" * 65])
def test_an_id_cannot_change_the_path(identifier: str) -> None:
    with MisbehavingServer(reply(200, bare(EVENT))) as server:
        client = client_for(server.url)
        for call in (client.read_event, client.read_raw):
            for ids in ((identifier, UUID), (DATASET, identifier)):
                with pytest.raises(NotSent):
                    call(*ids)
        assert server.requests == []
