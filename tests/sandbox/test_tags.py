"""The lists of tags and of actors, their filters, pages and shapes."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from events.sandbox import ACTORS, Sandbox

from .conftest import Client, Contract, as_search

PATH = "/tags/categories/actors"


def _values(client: Client, path: str) -> list[str]:
    answer = client.call("GET", path)
    assert answer.status_code == 200, answer.text
    return [each["value"] for each in answer.json()["tags"]]


def _filters(*filters: tuple[str, str, Any]) -> str:
    return "?filters=" + quote(json.dumps(as_search(*filters)))


def test_the_catalogue_knows_actors_by_their_aliases(client: Client, contract: Contract) -> None:
    answer = client.call("GET", PATH)
    contract.check(answer)
    actors = answer.json()["tags"]
    assert len(actors) == len(ACTORS) >= 15
    for actor in actors:
        assert actor["aliases"] and actor["tlp"] and 1 <= actor["confidence"] <= 10
    yeti = next(actor for actor in actors if actor["value"] == "Flying Yeti")
    assert "UAC-0149" in [alias["value"] for alias in yeti["aliases"]]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("?value=yeti", ["Flying Yeti"]),
        (_filters(("aliasGroupNames", "equals", "Fancy Bear")), ["APT28"]),
        (_filters(("aliasGroupNames", "contains", "fancy")), ["APT28"]),
        (_filters(("value", "in", ["APT28", "Turla"])), ["APT28", "Turla"]),
        (
            _filters(("originCountryISO", "equals", "KP"), ("value", "startsWith", "L")),
            ["Lazarus Group"],
        ),
        ("?value=nobody", []),
    ],
)
def test_actors_are_chosen(query: str, values: list[str], client: Client) -> None:
    assert _values(client, PATH + query) == values


def test_actors_come_in_pages(client: Client) -> None:
    pages = [client.call("GET", f"{PATH}?pageSize=10&page={page}").json() for page in (1, 2, 3)]
    assert [len(page["tags"]) for page in pages] == [10, len(ACTORS) - 10, 0]
    assert pages[0]["pagination"] == {
        "page": 1,
        "pageSize": 10,
        "totalCount": len(ACTORS),
        "totalPages": 2,
    }


@pytest.mark.parametrize(
    ("behaviour", "found"),
    [
        ("actors-as-tags", lambda body: body["tags"]),
        ("actors-named", lambda body: body["actors"]),
        ("actors-bare", lambda body: body),
    ],
)
def test_what_holds_the_actors_may_have_three_shapes(
    behaviour: str, found: Any, sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    sandbox.behave("actors", behaviour)
    answer = client.call("GET", PATH)
    contract.check(answer)
    assert len(found(answer.json())) == len(ACTORS)
    sandbox.behave("actors", "envelope")
    assert len(found(client.call("GET", PATH).json()["result"])) == len(ACTORS)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (PATH + _filters(("tlp", "equals", "red")), 400),
        (PATH + _filters(("value", "in", ["x"] * 101)), 400),
        (PATH + "?filters=nonsense", 400),
        (PATH + "?pageSize=0", 400),
        (PATH + _filters(("value", "gt", "a")), 501),
        ("/tags" + _filters(("aliases", "equals", "x")), 400),
        ("/tags?categoryUuid=x", 501),
    ],
)
def test_what_is_not_understood_is_refused(
    path: str, status: int, client: Client, contract: Contract
) -> None:
    answer = client.call("GET", path)
    assert answer.status_code == status
    contract.is_failure(answer)


def test_tags_are_filtered_too(client: Client) -> None:
    assert _values(client, "/tags" + _filters(("tlp", "equals", "red"))) == ["zero-day"]
    assert "zero-day" not in _values(client, "/tags" + _filters(("tlp", "not", "red")))
