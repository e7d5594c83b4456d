"""The official Python SDK works on the sandbox: each understands the other."""

from collections.abc import Iterator

import cloudflare
import pytest

from events.sandbox import DEFAULT_DATASET, Sandbox

DEFAULT = DEFAULT_DATASET.uuid
ACCOUNT = "sandbox"


def _sdk(sandbox: Sandbox, **options: int) -> cloudflare.Cloudflare:
    return cloudflare.Cloudflare(
        api_token=sandbox.settings.token, base_url=sandbox.base_url, timeout=20, **options
    )


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[cloudflare.Cloudflare]:
    """It writes filters as parallel arrays, which a server has to understand."""
    sandbox.behave("list", "search-parallel")
    with _sdk(sandbox, max_retries=0) as made:
        yield made


def _create(
    sdk: cloudflare.Cloudflare, indicator: str = "domain.com", submission: str = "s"
) -> str:
    created = sdk.cloudforce_one.threat_events.create(
        path_account_id=ACCOUNT,
        category="Domain Resolution",
        date="2022-04-01T00:00:00Z",
        event="An attacker registered the domain domain.com",
        raw={"data": {"event_desk": {"submission": submission}}},
        tlp="amber",
        attacker="Flying Yeti",
        attacker_country="CN",
        target_country="US",
        target_industry="Agriculture",
        indicator=indicator,
        indicator_type="domain",
        tags=["malware"],
    )
    return created.uuid


def test_create_and_read(sdk: cloudflare.Cloudflare) -> None:
    uuid = _create(sdk)
    event = sdk.cloudforce_one.threat_events.datasets.events.get(
        uuid, account_id=ACCOUNT, dataset_id=DEFAULT
    )
    assert (event.uuid, event.kill_chain, event.target_country_alpha3) == (uuid, 2, "USA")
    assert event.mitre_attack and event.raw_id and event.tags == ["malware"]


def test_list_with_one_filter_and_with_several(sdk: cloudflare.Cloudflare) -> None:
    first, second = _create(sdk, "one.example"), _create(sdk, "two.example")
    events = sdk.cloudforce_one.threat_events
    by_indicator = events.list(
        account_id=ACCOUNT, search=[{"field": "indicator", "op": "equals", "value": "one.example"}]
    )
    assert [event.uuid for event in by_indicator] == [first]
    by_many = events.list(
        account_id=ACCOUNT,
        dataset_id=[DEFAULT],
        search=[
            {"field": "indicator", "op": "in", "value": ["two.example", "three.example"]},
            {"field": "killChain", "op": "gte", "value": 2},
            {"field": "tags", "op": "contains", "value": "malw"},
        ],
    )
    assert [event.uuid for event in by_many] == [second]
    paged = events.list(account_id=ACCOUNT, page=2, page_size=1, order_by="date", order="asc")
    assert [event.uuid for event in paged] == [second]


def test_bulk_create(sdk: cloudflare.Cloudflare) -> None:
    good = {
        "category": "Phishing",
        "date": "2022-04-01T00:00:00Z",
        "event": "A page that asks for passwords",
        "raw": {"data": {}},
        "tlp": "green",
        "indicators": [
            {"indicator_type": "url", "value": "https://a.example/"},
            {"indicator_type": "domain", "value": "a.example"},
        ],
    }
    done = sdk.cloudforce_one.threat_events.bulk_create(
        account_id=ACCOUNT,
        dataset_id=DEFAULT,
        data=[good, {**good, "category": "Unheard of"}, {**good, "tags": ["new", "newer"]}],  # type: ignore[list-item,typeddict-item]
        include_created_events=True,
    )
    assert (done.created_events_count, done.error_count) == (2, 1)
    assert (done.created_tags_count, done.queued_indicators_count) == (2, 4)
    assert [error.event_index for error in done.errors or []] == [1]
    assert [event.event_index for event in done.created_events or []] == [0, 2]
    listed = sdk.cloudforce_one.threat_events.list(account_id=ACCOUNT)
    assert {event.uuid for event in listed} == {event.uuid for event in done.created_events or []}


def test_edit_and_tags(sdk: cloudflare.Cloudflare) -> None:
    uuid = _create(sdk)
    events = sdk.cloudforce_one.threat_events
    edited = events.edit(uuid, account_id=ACCOUNT, dataset_id=DEFAULT, insight="More is known")
    assert edited.insight == "More is known"
    added = events.event_tags.create(uuid, account_id=ACCOUNT, tags=["two"])
    assert added is not None and added.success
    removed = events.event_tags.delete(uuid, account_id=ACCOUNT, extra_body={"tags": ["malware"]})
    assert removed is not None and removed.success
    [event] = events.list(account_id=ACCOUNT)
    assert event.tags == ["two"]


def test_reference_lists(sdk: cloudflare.Cloudflare) -> None:
    events = sdk.cloudforce_one.threat_events
    datasets = events.datasets.list(account_id=ACCOUNT)
    assert datasets[0].name == "Cloudforce One Threat Events"
    made = events.datasets.create(account_id=ACCOUNT, name="Mine", is_public=False)
    assert made.uuid in {each.uuid for each in events.datasets.list(account_id=ACCOUNT)}
    categories = events.categories.list(account_id=ACCOUNT)
    assert len(categories) >= 40 and all(1 <= each.kill_chain <= 7 for each in categories)
    assert len(events.categories.catalog.list(account_id=ACCOUNT)) == len(categories)
    [countries] = events.countries.list(account_id=ACCOUNT)
    assert len(countries.result) == 249
    tags = events.tags.list(account_id=ACCOUNT, page_size=3)
    assert len(tags.tags) == 3


def test_datasets_are_read_changed_and_deleted(sdk: cloudflare.Cloudflare) -> None:
    datasets = sdk.cloudforce_one.threat_events.datasets
    made = datasets.create(account_id=ACCOUNT, name="Mine", is_public=False)
    changed = datasets.edit(made.uuid, account_id=ACCOUNT, name="Ours", is_public=True)
    read = datasets.get(made.uuid, account_id=ACCOUNT)
    assert read.to_dict() == changed.to_dict()
    assert datasets.delete(made.uuid, account_id=ACCOUNT).name == "Ours"
    assert made.uuid not in {each.uuid for each in datasets.list(account_id=ACCOUNT)}


def test_raw_data_are_read_in_both_ways(sandbox: Sandbox, sdk: cloudflare.Cloudflare) -> None:
    uuid = _create(sdk, submission="raw")
    [event] = sdk.cloudforce_one.threat_events.list(account_id=ACCOUNT)
    events = sdk.cloudforce_one.threat_events
    by_id = events.raw.get(event.raw_id, account_id=ACCOUNT, event_id=uuid)
    assert by_id.data == {"event_desk": {"submission": "raw"}}
    sandbox.behave("raw", "data-text")
    assert isinstance(events.raw.get(event.raw_id, account_id=ACCOUNT, event_id=uuid).data, str)


def test_indicators_are_listed(sdk: cloudflare.Cloudflare) -> None:
    uuid = _create(sdk, "one.example")
    _create(sdk, "two.example")
    indicators = sdk.cloudforce_one.threat_events.indicators.with_raw_response
    answer = indicators.list(account_id=ACCOUNT, name="one", dataset_ids=[DEFAULT])
    [found] = answer.json()["indicators"]  # type: ignore[index]
    assert found["relatedEvents"][0]["eventId"] == uuid


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("attackers", "Flying Yeti"),
        ("target_industries", "Agriculture"),
        ("target_industries.catalog", "Telecommunications"),
        ("indicators.types", "domain"),
    ],
)
def test_lists_of_names(name: str, holds: str, sdk: cloudflare.Cloudflare) -> None:
    resource = sdk.cloudforce_one.threat_events
    for part in name.split("."):
        resource = getattr(resource, part)
    answer = resource.with_raw_response.list(account_id=ACCOUNT)  # type: ignore[call-arg]
    assert holds in answer.json()


def test_the_token_is_verified(sdk: cloudflare.Cloudflare) -> None:
    verified = sdk.user.tokens.verify()
    assert verified is not None and verified.status == "active"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("400", cloudflare.BadRequestError),
        ("401", cloudflare.AuthenticationError),
        ("403", cloudflare.PermissionDeniedError),
        ("429", cloudflare.RateLimitError),
        ("500-before", cloudflare.InternalServerError),
        ("drop-after", cloudflare.APIConnectionError),
    ],
)
def test_misbehaviour_reaches_the_sdk_as_its_errors(
    behaviour: str, error: type[Exception], sandbox: Sandbox, sdk: cloudflare.Cloudflare
) -> None:
    sandbox.behave("create", behaviour)
    with pytest.raises(error):
        _create(sdk)


def test_the_sdk_by_default_creates_an_event_three_times(sandbox: Sandbox) -> None:
    sandbox.behave("create", "500-after")
    with _sdk(sandbox) as sdk, pytest.raises(cloudflare.InternalServerError):
        _create(sdk, submission="thrice")
    tally = sandbox.ledger.tally()["thrice"]
    assert (tally.requests, tally.accepted, len(tally.events)) == (3, 3, 3)
