"""What the operations do to what the sandbox holds: datasets, edits, tags, raw data, limits."""

from collections.abc import Callable
from typing import Any

import pytest

from events.sandbox import Sandbox

from .conftest import CREATE_ONLY, DEFAULT, DELETED, READ_ONLY, Client, Contract


@pytest.mark.parametrize(
    ("dataset", "status"),
    [(READ_ONLY, 403), (DELETED, 404), ("no-such", 404), (CREATE_ONLY, 200), (DEFAULT, 200)],
)
def test_a_dataset_takes_what_its_write_mode_says(
    dataset: str, status: int, client: Client, contract: Contract
) -> None:
    answer = client.create(datasetId=dataset)
    assert answer.status_code == status
    if status != 200:
        contract.is_failure(answer)
        assert "datasetId" in answer.json()["errors"][0]["message"]


def test_an_event_of_a_create_only_dataset_is_not_edited(client: Client) -> None:
    event_id = client.create(datasetId=CREATE_ONLY).json()["uuid"]
    changes = {"datasetId": CREATE_ONLY, "insight": "New"}
    assert client.call("PATCH", f"/{event_id}", json=changes).status_code == 403
    tags = {"tags": ["late"]}
    assert client.call("POST", f"/event_tag/{event_id}/create", json=tags).status_code == 403


def test_datasets_are_public_and_private_and_deleted_ones_are_asked_for(client: Client) -> None:
    shown = client.call("GET", "/dataset").json()
    everything = client.call("GET", "/dataset", params={"includeDeleted": "true"}).json()
    assert shown[0]["name"] == "Cloudforce One Threat Events"
    assert {each["isPublic"] for each in shown} == {True, False}
    assert {each["indicatorWriteMode"] for each in shown} == {"full", "create_only", "read_only"}
    assert [each["uuid"] for each in everything if each.get("deletedAt")] == [DELETED]
    assert not any(each.get("deletedAt") for each in shown)


def test_a_dataset_of_ones_own_takes_events(client: Client) -> None:
    wanted = {"name": "Mine", "isPublic": False}
    dataset = client.call("POST", "/dataset/create", json=wanted).json()
    event = client.create(datasetId=dataset["uuid"]).json()
    assert client.uuids() == []
    assert client.uuids(f"?datasetId={dataset['uuid']}") == [event["uuid"]]
    assert client.uuids(f"?datasetId={dataset['uuid']}&datasetId={DEFAULT}") == [event["uuid"]]
    assert (
        client.uuids("?datasetId=all") == client.uuids("?datasetId=operational") == [event["uuid"]]
    )
    assert client.uuids("?datasetId=analytics") == []
    assert client.call("POST", "/dataset/create", json=wanted).status_code == 400


def test_the_scopes_of_lists(client: Client) -> None:
    event = client.create(datasetId=CREATE_ONLY).json()["uuid"]
    for scope in ("all", "*", "operational", CREATE_ONLY):
        assert client.uuids(f"?datasetId={scope}") == [event]
        assert client.posted(datasetId=[scope]) == [event]
    for scope in ("analytics", DEFAULT):
        assert client.posted(datasetId=[scope]) == []


def test_a_dataset_is_read_renamed_and_deleted(client: Client, contract: Contract) -> None:
    body = {"name": "Mine", "isPublic": False}
    path = f"/dataset/{client.call('POST', '/dataset/create', json=body).json()['uuid']}"
    assert client.call("GET", path).json()["name"] == "Mine"
    changed = client.call("PATCH", path, json={"name": "Ours", "isPublic": True}).json()
    assert (changed["name"], changed["isPublic"]) == ("Ours", True)
    assert client.call("GET", path).json() == changed
    again = client.call("POST", "/dataset/create", json=body).json()
    assert again["uuid"] != changed["uuid"] and again["name"] == "Mine"
    assert client.call("PATCH", path, json={"name": "DDoS", "isPublic": True}).status_code == 400
    assert client.call("DELETE", path).json() == {"name": "Ours", "uuid": changed["uuid"]}
    for answer in (
        client.call("GET", path),
        client.call("DELETE", path),
        client.call("PATCH", path, json=body),
        client.create(datasetId=changed["uuid"]),
    ):
        assert answer.status_code == 404
        contract.is_failure(answer)
    listed = client.call("GET", "/dataset", params={"includeDeleted": "true"}).json()
    assert [each["name"] for each in listed if each.get("deletedAt")][-1] == "Ours"


def test_a_deleted_event_is_gone_and_its_attempts_are_not(
    sandbox: Sandbox, client: Client, contract: Contract
) -> None:
    first, second = (client.create().json()["uuid"] for _ in range(2))
    path = f"/datasets/{DEFAULT}/events?eventIds="
    assert client.call("DELETE", f"{path}{first}&eventIds=no-such").json() == 1
    assert client.call("DELETE", path + first).json() == 0
    for gone in (
        client.call("GET", f"/dataset/{DEFAULT}/events/{first}"),
        client.call("GET", f"/datasets/{DEFAULT}/events/{first}/raw"),
        client.call("PATCH", f"/{first}", json={"datasetId": DEFAULT}),
    ):
        assert (gone.status_code, gone.json()["errors"]) == (404, [{"message": "Event not found"}])
        contract.is_failure(gone)
    assert client.posted() == [second]
    assert len(sandbox.ledger.attempts()) == 2


def test_what_is_deleted_has_to_be_named_and_to_be_in_that_dataset(client: Client) -> None:
    event = client.create().json()["uuid"]
    for query in ("", "?eventIds="):
        assert client.call("DELETE", f"/datasets/{DEFAULT}/events{query}").status_code == 400
    other = f"/datasets/{READ_ONLY}/events?eventIds={event}"
    assert client.call("DELETE", other).status_code == 403
    mine = client.call("POST", "/dataset/create", json={"name": "Mine", "isPublic": False}).json()
    assert client.call("DELETE", f"/datasets/{mine['uuid']}/events?eventIds={event}").json() == 0
    assert client.posted() == [event]


def test_an_edit_changes_what_it_names_and_nothing_else(client: Client, contract: Contract) -> None:
    before = client.create().json()
    changes = {"datasetId": DEFAULT, "category": "Phishing", "targetCountry": "DE"}
    answer = client.call("PATCH", f"/{before['uuid']}", json=changes)
    contract.check(answer)
    after = answer.json()
    differing = {name for name in after if after[name] != before[name]}
    assert differing == {
        *("category", "killChain", "mitreAttack", "mitreCapec"),
        *("targetCountry", "targetCountryAlpha3"),
    }
    assert client.call("GET", f"/dataset/{DEFAULT}/events/{before['uuid']}").json() == after


def test_an_edit_of_the_indicator_keeps_the_other_rows(client: Client) -> None:
    rows = [{"indicatorType": "ip", "value": f"192.0.2.{last}"} for last in (1, 2)]
    event = client.create(indicator=None, indicatorType=None, indicators=rows).json()
    changes = {"datasetId": DEFAULT, "indicator": "192.0.2.9"}
    after = client.call("PATCH", f"/{event['uuid']}", json=changes).json()
    assert (after["indicator"], after["uuid"]) == ("192.0.2.9", event["uuid"])
    assert client.posted(("indicator", "equals", "192.0.2.1")) == []
    assert client.posted(("indicator", "equals", "192.0.2.2")) == [event["uuid"]]


@pytest.mark.parametrize("changes", [{"tags": ["x"]}, {"indicators": []}, {"uuid": "x"}, {}])
def test_an_edit_refuses_what_it_does_not_take(changes: dict[str, Any], client: Client) -> None:
    event_id = client.create().json()["uuid"]
    body = changes | ({"datasetId": DEFAULT} if changes else {})
    answer = client.call("PATCH", f"/{event_id}", json=body)
    assert answer.status_code == 400
    assert f"{next(iter(changes), 'datasetId')}: " in answer.json()["errors"][0]["message"]


def test_tags_are_added_and_removed(client: Client) -> None:
    event = client.create(tags=["one"]).json()
    read = f"/dataset/{DEFAULT}/events/{event['uuid']}"
    path = f"/event_tag/{event['uuid']}"
    client.call("POST", f"{path}/create", json={"tags": ["two", "one"]})
    assert client.call("GET", read).json()["tags"] == ["one", "two"]
    client.call("DELETE", path, json={"tags": ["one"]})
    assert client.call("GET", read).json()["tags"] == ["two"]
    known = client.call("GET", "/tags", params={"search": "TWO"}).json()
    assert [tag["value"] for tag in known["tags"]] == ["two"]


def test_tags_come_in_pages(client: Client) -> None:
    first = client.call("GET", "/tags", params={"page": 1, "pageSize": 5}).json()
    second = client.call("GET", "/tags", params={"page": 2, "pageSize": 5}).json()
    assert first["pagination"]["totalPages"] == -(-first["pagination"]["totalCount"] // 5)
    values = [tag["value"] for page in (first, second) for tag in page["tags"]]
    assert len(set(values)) == 10


def test_raw_data_comes_back_as_sent(sandbox: Sandbox, client: Client) -> None:
    data = {"nested": {"list": [1, None, "ü"]}, "event_desk": {"submission": "x", "attempt": 2}}
    event = client.create(raw={"data": data, "source": "example.com", "tlp": "red"}).json()
    path = f"/datasets/{DEFAULT}/events/{event['uuid']}/raw"
    raw = client.call("GET", path).json()
    assert (raw["data"], raw["source"], raw["tlp"]) == (data, "example.com", "red")
    assert raw["id"] == event["rawId"]
    sandbox.behave("raw", "data-text")
    assert isinstance(client.call("GET", path).json()["data"], str)


def test_names_of_events_join_the_names_in_use(client: Client) -> None:
    client.create(attacker="Somebody New", targetIndustry="Wholesale")
    assert "Somebody New" in client.call("GET", "/attackers").json()
    assert "Wholesale" in client.call("GET", "/targetIndustries").json()
    catalog = client.call("GET", "/targetIndustries/catalog").json()
    assert len(catalog) >= 60 and "Banking & Financial Services" in catalog


def test_rate_limit_headers_count_down_to_429(
    connect: Callable[..., Client], contract: Contract
) -> None:
    with Sandbox(rate_limit=2) as sandbox:
        answers = [connect(sandbox).create() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["Ratelimit"][:13] for answer in answers] == [
        '"default";r=1',
        '"default";r=0',
        '"default";r=0',
    ]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 300
    contract.is_failure(answers[2])
