"""What the API does to texts when it stores them, and to raw data when it answers with them."""

import json
import unicodedata
from typing import Any

import pytest

from events.sandbox import BEHAVIOURS, Sandbox

from .conftest import DEFAULT, Client, Contract, an_event

TEXT = "  A & B <said>  \"über\"  'no'  " + "x" * 60
TEXTS = {
    "text-as-sent": TEXT,
    "text-escaped": "  A &amp; B &lt;said&gt;  &quot;über&quot;  &#x27;no&#x27;  " + "x" * 60,
    "text-trimmed": "A & B <said> \"über\" 'no' " + "x" * 60,
    "text-cut": TEXT[:40],
    "text-upper": TEXT.upper(),
    "text-lower": TEXT.lower(),
    "text-nfd": unicodedata.normalize("NFD", TEXT),
}
DATA = {
    "b": {"x": 1, "y": [True, 2.5, None]},
    "a": "9c5d7a52-2f9d-4f0e-9a51-1f6f0a1f7c11",
    "event_desk": {"submission": "9c5d7a52-2f9d-4f0e-9a51-1f6f0a1f7c11", "attempt": 1},
}


def test_every_way_of_storing_and_answering_is_tested() -> None:
    assert set(TEXTS) == {name for name, kind in BEHAVIOURS.items() if kind.aspect == "text"}
    assert set(RAW) == {name for name, kind in BEHAVIOURS.items() if kind.aspect == "raw"}


@pytest.mark.parametrize("behaviour", TEXTS)
def test_texts_are_answered_and_found_as_stored(
    behaviour: str, sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    sandbox.behave("create", behaviour)
    body = an_event(event=TEXT, insight=TEXT, attacker=TEXT, indicator=TEXT, tags=[TEXT])
    answer = client.call("POST", "/create", json=body)
    contract.check(answer)
    event, stored = answer.json(), TEXTS[behaviour]
    assert [event[name] for name in ("event", "insight", "attacker", "indicator")] == [stored] * 4
    assert event["tags"] == [stored]
    path = f"/dataset/{DEFAULT}/events/{event['uuid']}"
    assert client.call("GET", path).json() == event
    for field in ("event", "attacker", "indicator", "tags"):
        assert client.posted((field, "equals", stored)) == [event["uuid"]]
        assert bool(client.posted((field, "equals", TEXT))) is (stored == TEXT)
    [held] = sandbox.ledger.events()
    assert held.sent == body


@pytest.mark.parametrize("behaviour", TEXTS)
def test_a_bulk_create_stores_alike(behaviour: str, sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("bulk", behaviour)
    rows = [{"indicatorType": "domain", "value": TEXT}] * 2
    event = an_event(event=TEXT, indicator=None, indicatorType=None, indicators=rows)
    client.call("POST", "/create/bulk", json={"data": [event], "datasetId": DEFAULT})
    [held] = sandbox.ledger.events()
    assert [row["value"] for row in held.indicators] == [TEXTS[behaviour]] * 2
    assert held.answer["event"] == TEXTS[behaviour]


def test_a_text_is_cut_where_it_is_asked(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "text-cut", seconds=3)
    assert client.create(event="abcdef").json()["event"] == "abc"


def test_names_of_lists_are_not_touched(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "text-upper")
    event = client.create().json()
    assert (event["category"], event["killChain"]) == ("Domain Resolution", 2)
    assert (event["targetIndustry"], event["tlp"]) == ("Agriculture", "amber")
    assert (event["attackerCountry"], event["indicatorType"]) == ("CN", "domain")


def test_an_edit_leaves_alone_what_it_does_not_name(sandbox: Sandbox, client: Client) -> None:
    sandbox.behave("create", "text-escaped")
    rows = [{"indicatorType": "domain", "value": f"{n}&.example"} for n in (1, 2)]
    before = client.create(
        event="A & B", insight="C & D", indicator=None, indicatorType=None, indicators=rows
    ).json()
    changes = {"datasetId": DEFAULT, "insight": "E & F", "indicator": "3&.example"}
    after = client.call("PATCH", f"/{before['uuid']}", json=changes).json()
    assert (after["event"], after["insight"]) == ("A &amp; B", "E & F")
    [held] = sandbox.ledger.events()
    assert [row["value"] for row in held.indicators] == ["3&.example", "2&amp;.example"]


RAW: dict[str, Any] = {
    "raw-as-sent": DATA,
    "raw-reordered": DATA,
    "raw-retyped": {
        "b": {"x": "1", "y": ["true", "2.5", None]},
        "a": "9C5D7A52-2F9D-4F0E-9A51-1F6F0A1F7C11",
        "event_desk": {"submission": "9C5D7A52-2F9D-4F0E-9A51-1F6F0A1F7C11", "attempt": "1"},
    },
    "raw-null": None,
}


@pytest.mark.parametrize("is_text", [False, True])
@pytest.mark.parametrize("behaviour", RAW)
def test_raw_data_are_answered_in_other_forms(
    behaviour: str, is_text: bool, sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    event = client.create(raw={"data": DATA}).json()
    sandbox.behave("raw", behaviour)
    sandbox.behave("raw", "data-text" if is_text else "data-map")
    for path in (
        f"/datasets/{DEFAULT}/events/{event['uuid']}/raw",
        f"/{event['uuid']}/raw/{event['rawId']}",
    ):
        answer = client.call("GET", path)
        contract.check(answer)
        data = answer.json()["data"]
        assert isinstance(data, str) is is_text
        found = json.loads(data) if is_text else data
        assert found == RAW[behaviour]
    if behaviour == "raw-reordered":
        assert [list(found), list(found["event_desk"])] == [
            ["event_desk", "b", "a"],
            ["submission", "attempt"],
        ]


def test_raw_data_are_not_found_by_the_id_of_others(client: Client) -> None:
    first, second = (client.create().json() for _ in range(2))
    assert client.call("GET", f"/{first['uuid']}/raw/{second['rawId']}").status_code == 404


@pytest.mark.parametrize("sent", ["amber-strict", "Purple", "CLEAR"])
def test_labels_may_come_in_any_case_and_be_answered_in_upper_case(
    sent: str, sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    assert client.create(tlp=sent).json()["tlp"] == sent
    sandbox.behave("all", "tlp-upper")
    created = client.create(tlp=sent)
    contract.check(created)
    event = created.json()
    assert event["tlp"] == sent.upper()
    read = client.call("GET", f"/dataset/{DEFAULT}/events/{event['uuid']}").json()
    assert read == event
    listed = [each["tlp"] for each in client.call("GET").json()]
    assert listed == [each["tlp"] for each in client.post_list().json()] == [sent.upper()] * 2
