"""Every field of the payload, from the form to the API and back: nothing typed is left behind."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from events.models import Submission
from events.payload import EventCreate, Indicator, Raw, Source
from tests.forms.support import EXAMPLE, NEW, Page, press, rows

ARTICLE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
DATASET = "CLOUDFLARE_DATASET_ID"
TWO = (("domain", "a.example"), ("ip", "192.0.2.1"))
# What is typed, and what it is on the wire, by the payload's own path.
TYPED = {
    "category": "Phishing",
    "date": "2026-11-23 11:58",
    "event": "Mail with a link\nto a.example",
    "insight": "Same kit as in October",
    "attacker": "Flying Yeti",
    "attacker_country": "CN",
    "target_country": "US",
    "target_industry": "Agriculture",
    "tlp": "amber+strict",
    "tags": "phishing, october",
    "raw_data": '{"ticket": 7}',
    "raw_source": "mail gateway",
    "raw_tlp": "green",
    "source_id": ARTICLE.upper(),
    "source_title": "A report",
    "account_id": "123456",
}
SENT: dict[str, Any] = {
    "category": "Phishing",
    "date": "2026-11-23T11:58:00Z",
    "event": "Mail with a link\nto a.example",
    "insight": "Same kit as in October",
    "attacker": "Flying Yeti",
    "attackerCountry": "CN",
    "targetCountry": "US",
    "targetIndustry": "Agriculture",
    "tlp": "amber-strict",
    "tags": ["phishing", "october"],
    "raw.data": {"ticket": 7},
    "raw.source": "mail gateway",
    "raw.tlp": "green",
    "source.system": "threat-signals",
    "source.resourceType": "article",
    "source.resourceId": ARTICLE,
    "source.title": "A report",
    "accountId": 123456,
    "indicators": [
        {"indicatorType": "domain", "value": "a.example"},
        {"indicatorType": "ip", "value": "192.0.2.1"},
    ],
    "datasetId": None,
}
# One indicator takes another shape, which has a test of its own.
OTHERWISE = {"indicator", "indicatorType"}


def paths(model: type[BaseModel], inside: dict[str, type[BaseModel]]) -> set[str]:
    """The names on the wire of every field, those of models inside with a dot."""
    found = set()
    for field in model.model_fields.values():
        name = str(field.alias)
        if name in inside:
            found |= {f"{name}.{part}" for part in paths(inside[name], {})}
        else:
            found.add(name)
    return found


def at(wire: dict[str, Any], path: str) -> Any:
    value: Any = wire
    for name in path.split("."):
        value = value.get(name) if value else None
    return value


def without_mark(wire: dict[str, Any]) -> dict[str, Any]:
    data = {k: v for k, v in wire["raw"]["data"].items() if k != "event_desk"}
    return wire | {"raw": wire["raw"] | {"data": data}}


@pytest.fixture
def wanted(sandbox) -> dict[str, Any]:
    """What is to be sent, into a dataset that the sandbox has."""
    own = next(each for each in sandbox.ledger.datasets() if not each.is_public)
    return SENT | {"datasetId": own.uuid}


def everything(wanted: dict[str, Any], **more: str) -> dict[str, str]:
    return EXAMPLE | TYPED | {"dataset_id": wanted["datasetId"]} | rows(*TWO) | more


def test_this_test_knows_every_field_of_the_payload():
    fields = paths(EventCreate, {"raw": Raw, "source": Source})
    assert fields == set(SENT) | OTHERWISE
    assert {str(f.alias) for f in Indicator.model_fields.values()} == {"indicatorType", "value"}


@pytest.mark.parametrize("path", SENT)
def test_every_field_is_previewed_kept_and_sent(as_ana, sandbox, wanted, path):
    shown = json.loads(press(as_ana, **everything(wanted, action="preview")).tags("pre")[0].text)
    assert at(without_mark(shown), path) == wanted[path]

    token = Page(as_ana.get(NEW)).value("form_token")
    as_ana.post(NEW, everything(wanted, action="save", form_token=token))
    edit = f"/events/{token}/edit/"
    page = Page(as_ana.get(edit))
    fields = ("dataset_id", *TYPED)
    kept = {name: page.value(name) for name in fields}
    again = EXAMPLE | kept | rows(*page.rows)
    posted = again | {"action": "send", "form_token": page.value("form_token")}
    if version := page.value("version"):
        posted["version"] = version
    assert as_ana.post(edit, posted).status_code == 302

    submission = Submission.objects.get(pk=token)
    frozen = json.loads(bytes(submission.body))
    assert at(without_mark(frozen), path) == wanted[path]
    (held,) = sandbox.ledger.events()
    assert at(without_mark(held.sent), path) == wanted[path]
    assert type(at(held.sent, path)) is type(wanted[path])


@pytest.mark.parametrize("own", [True, False], ids=["own", "of somebody else"])
def test_a_duplicate_has_every_field_but_the_labels(as_ana, as_ben, sandbox, wanted, own):
    token = Page(as_ana.get(NEW)).value("form_token")
    as_ana.post(NEW, everything(wanted, action="send", form_token=token))
    if own:
        Submission.objects.filter(pk=token).update(typed="{}")
    client = as_ana if own else as_ben
    page = Page(client.get(client.post(f"/events/{token}/duplicate/")["Location"]))
    labels = {"tlp": "amber", "raw_tlp": "green"}
    kept = {name: page.value(name) for name in ("dataset_id", *TYPED)} | labels
    shown = json.loads(press(client, **(EXAMPLE | kept | rows(*page.rows))).tags("pre")[0].text)
    for path in set(SENT) - {"tlp"}:
        assert at(without_mark(shown), path) == wanted[path], path


def test_one_indicator_goes_in_two_fields(as_ana, sandbox):
    shown = json.loads(press(as_ana, **rows(("domain", "a.example"))).tags("pre")[0].text)
    assert (shown["indicator"], shown["indicatorType"]) == ("a.example", "domain")
    assert "indicators" not in shown


def test_the_page_of_an_event_shows_what_was_sent_beside_its_text(as_ana, sandbox, wanted):
    token = Page(as_ana.get(NEW)).value("form_token")
    as_ana.post(NEW, everything(wanted, action="send", form_token=token))
    page = Page(as_ana.get(f"/events/{token}/"))
    facts = dict(
        zip((e.text for e in page.tags("dt")), (e.text for e in page.tags("dd")), strict=True)
    )
    assert facts["Raw source"] == "mail gateway"
    assert facts["Raw TLP"] == "green"
    assert facts["Source"] == f"A report {ARTICLE} threat-signals article"
    assert facts["Account id"] == "123456"
    assert "private" in facts["Dataset"] or wanted["datasetId"] in facts["Dataset"]


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("account_id", "1.5", "1.5 is not a whole number. Write digits alone"),
        ("account_id", "123456.0", "is not a whole number"),
        ("account_id", "true", "is not a whole number"),
        ("account_id", "1_000", "is not a whole number"),
        ("account_id", "-5", "is not a whole number"),
        ("account_id", "1e5", "is not a whole number"),
        ("account_id", "\u0661", "is not a whole number"),
        ("account_id", "9" * 5000, "Account id is a number from 1 to 9,007,199,254,740,991."),
        ("account_id", "0", "Account id is a number from 1 to 9,007,199,254,740,991."),
        ("account_id", "0", "a number from 1 to 9,007,199,254,740,991"),
        ("account_id", "9007199254740992", "a number from 1 to"),
        ("source_id", "1234", "Write the article\u2019s uuid".replace("\u2019", "'")),
        ("source_id", "https://example.org/", "is not an id of Threat Signals"),
        ("source_title", "x" * 501, "Shorten it to 500"),
        ("source_title", "a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_a_wrong_text_is_refused_beside_its_field_and_kept(as_ana, field, text, sentence):
    article = {"source_id": ARTICLE} if field == "source_title" else {}
    page = press(as_ana, "send", **article, **{field: text})
    assert sentence in page.error(field)
    assert page.value(field) == text
    assert not Submission.objects.exists()


def test_a_title_without_its_article_says_what_to_write(as_ana):
    page = press(as_ana, "send", source_title="A report")
    assert "Write the article's uuid" in page.error("source_id")
    assert page.value("source_title") == "A report"


@pytest.mark.parametrize("text", ["9007199254740991", "000123456", " 123456 "])
def test_an_account_id_goes_out_as_an_integer(as_ana, text):
    shown = press(as_ana, account_id=text).tags("pre")[0].text
    assert json.loads(shown)["accountId"] == int(text)
    assert f'"accountId": {int(text)},' in shown


@pytest.mark.parametrize("value", [1.5, True, False, "123456", float("nan"), 2**53, 0, -1])
def test_the_payload_takes_whole_numbers_alone(value):
    with pytest.raises(ValueError, match="Account id"):
        EventCreate(
            category="x",
            date="2026-01-01T00:00:00Z",
            event="x",
            raw=Raw(data={}),
            tlp="red",
            account_id=value,
        )


def test_a_float_that_is_whole_goes_out_as_an_integer():
    """So that what an older version has kept can be sent."""
    event = EventCreate(
        category="x",
        date="2026-01-01T00:00:00Z",
        event="x",
        raw=Raw(data={}),
        tlp="red",
        account_id=123456.0,
    )
    assert b'"accountId":123456,' in event.to_bytes()
