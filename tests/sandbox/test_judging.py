"""The sandbox refuses a create for what the contract refuses, and for names that nobody knows."""

from collections.abc import Callable
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from events.sandbox import Sandbox, Settings

from .conftest import DEFAULT, Client, Contract, an_event

ARTICLE = {
    "system": "threat-signals",
    "resourceType": "article",
    "resourceId": "9c5d7a52-2f9d-4f0e-9a51-1f6f0a1f7c11",
}
_ROW = {"indicatorType": "ip", "value": "192.0.2.1"}
_NO_ROW = {"indicator": None, "indicatorType": None}

GOOD: dict[str, dict[str, Any]] = {
    "a source": {"source": ARTICLE},
    "a source with a title": {"source": {**ARTICLE, "title": "What happened"}},
    "a source without a title": {"source": {**ARTICLE, "title": None}},
    "an account": {"accountId": 123456},
    "purple": {"tlp": "purple"},
    "any case": {"tlp": "Amber-Strict"},
    "another zone": {"date": "2022-04-01T02:00:00.5+02:00"},
    "no raw data": {"raw": {"data": None}},
    "raw texts that are empty": {"raw": {"data": {}, "source": "", "tlp": ""}},
    "no tags": {"tags": []},
    "several indicators": {**_NO_ROW, "indicators": [_ROW, _ROW]},
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a source of another system": ({"source": {**ARTICLE, "system": "x"}}, "source.system"),
    "a source of another kind": ({"source": {**ARTICLE, "resourceType": "x"}}, "source.resource"),
    "a source without a uuid": ({"source": {**ARTICLE, "resourceId": "12"}}, "source.resourceId"),
    "a source without all": ({"source": {"system": "threat-signals"}}, "source.resourceId"),
    "a source as text": ({"source": "threat-signals"}, "source"),
    "a title that is a number": ({"source": {**ARTICLE, "title": 5}}, "source.title"),
    "an account as text": ({"accountId": "123456"}, "accountId"),
    "an account that is true": ({"accountId": True}, "accountId"),
    "a date without a zone": ({"date": "2022-04-01T00:00:00"}, "date"),
    "a date that is none": ({"date": "2022-02-30T00:00:00Z"}, "date"),
    "a date without a time": ({"date": "2022-04-01"}, "date"),
    "raw data as a list": ({"raw": {"data": []}}, "raw.data"),
    "raw without data": ({"raw": {"source": "x"}}, "raw.data"),
    "a raw source that is a number": ({"raw": {"data": {}, "source": 1}}, "raw.source"),
    "tags as text": ({"tags": "malware"}, "tags"),
    "a tag that is a number": ({"tags": ["a", 1]}, "tags.1"),
    "an indicator without a type": ({**_NO_ROW, "indicators": [{"value": "x"}]}, "indicators.0"),
    "an indicator as text": ({**_NO_ROW, "indicators": ["x"]}, "indicators.0"),
    "an event that is a number": ({"event": 1}, "event"),
    "a country that is a list": ({"attackerCountry": ["CN"]}, "attackerCountry"),
}
# What the contract leaves open, and the sandbox does not.
STRICTER: dict[str, tuple[dict[str, Any], str]] = {
    "an account with a point": ({"accountId": 123456.0}, "accountId"),
    "an empty text": ({"event": ""}, "event"),
    "NUL": ({"event": "a\x00b"}, "event"),
    "half a character": ({"event": "\ud800"}, "event"),
    "a name that is not known": ({"account_id": 5}, "account_id"),
    "a name of a row that is not known": (
        {**_NO_ROW, "indicators": [{**_ROW, "indicator_type": "ip"}]},
        "indicators.0.indicator_type",
    ),
    "both shapes of indicators": ({"indicators": [_ROW]}, "indicators"),
    "an indicator without its value": ({"indicator": None}, "indicator"),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_the_contract_takes_is_taken(case: str, client: Client, contract: Contract) -> None:
    answer = client.create(**GOOD[case])
    assert answer.status_code == 200, answer.text
    contract.check(answer)


@pytest.mark.parametrize("case", BAD)
def test_what_the_contract_refuses_is_refused_with_its_field(
    case: str, client: Client, contract: Contract
) -> None:
    changes, field = BAD[case]
    answer = client.create(**changes)
    with pytest.raises(OpenAPIError):
        contract.check(answer)
    _is_refused(answer, field)


@pytest.mark.parametrize("case", STRICTER)
def test_what_the_contract_leaves_open_is_refused_with_its_field(case: str, client: Client) -> None:
    changes, field = STRICTER[case]
    _is_refused(client.create(**changes), field)


def _is_refused(answer: Any, field: str) -> None:
    assert answer.status_code == 400, answer.text
    assert any(error["message"].startswith(field) for error in answer.json()["errors"])


def test_an_account_is_answered_as_the_whole_number_that_was_sent(
    sandbox: Sandbox, client: Client
) -> None:
    event = client.create(accountId=123456).json()
    raw = client.call("GET", f"/datasets/{DEFAULT}/events/{event['uuid']}/raw")
    assert '"accountId":123456,' in raw.text
    [held] = sandbox.ledger.events()
    assert repr(held.sent["accountId"]) == "123456"


def test_a_bulk_create_takes_no_source(client: Client, contract: Contract) -> None:
    body = {"data": [an_event(), an_event(source=ARTICLE)], "datasetId": DEFAULT}
    answer = client.call("POST", "/create/bulk", json=body)
    [error] = answer.json()["errors"]
    assert (error["eventIndex"], error["error"][:7]) == (1, "source:")
    with pytest.raises(OpenAPIError):
        contract.check(answer)


def test_white_is_for_those_who_take_any_name(
    client: Client, connect: Callable[..., Client]
) -> None:
    assert client.create(tlp="white").status_code == 400
    with Sandbox(settings=Settings(known_names_only=False)) as lenient:
        assert connect(lenient).create(tlp="white").status_code == 200


def test_an_edit_takes_no_source(client: Client) -> None:
    event = client.create().json()
    changes = {"datasetId": DEFAULT, "source": ARTICLE}
    assert client.call("PATCH", f"/{event['uuid']}", json=changes).status_code == 400
