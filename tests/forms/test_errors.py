"""What is wrong stands beside its field and in the summary, and nothing typed is lost."""

from datetime import UTC, datetime

import pytest

from events.models import ReferenceList
from tests.forms.support import EXAMPLE, NEW, Page, press, rows


@pytest.fixture(autouse=True)
def _somebody(as_ana):
    """Everything here is done by an analyst."""


def test_an_empty_form_says_all_that_is_missing_at_once(as_ana):
    page = Page(as_ana.post(NEW, dict.fromkeys(EXAMPLE, "") | rows(("", "")) | {"action": "send"}))
    assert page.summary == [
        "Category is required. Choose what kind of event this is.",
        "When is required. Write the time in UTC, such as 2022-04-01 00:00.",
        "Event is required. Say in a sentence or two what happened.",
        "TLP is required. Choose who may have this; there is no default.",
    ]
    for name in ("category", "date", "event", "tlp"):
        assert "is required" in page.error(name)


def test_an_error_is_tied_to_its_field_for_screen_readers(as_ana):
    page = press(as_ana, date="yesterday")
    field = page.id("id_date")
    assert field.attrs["aria-invalid"] == "true"
    assert field.attrs["aria-describedby"] == "id_date_error"
    assert page.id("problems").attrs["tabindex"] == "-1"
    assert "autofocus" in page.id("problems").attrs
    (link,) = [e for e in page.id("problems").inside if e.tag == "a"]
    assert link.attrs["href"] == "#id_date"


def test_every_link_of_the_summary_leads_somewhere(as_ana):
    page = press(as_ana, **dict.fromkeys(EXAMPLE, ""), **rows(("domain", ""), ("", "x")))
    ids = {e.attrs.get("id") for e in page.all}
    links = [e.attrs["href"] for e in page.id("problems").inside if e.tag == "a"]
    assert len(links) == 6
    assert {link.removeprefix("#") for link in links} <= ids


def test_nothing_typed_is_lost_by_an_error(as_ana):
    typed = {
        "category": "Not in any list",
        "date": "later <b>",
        "event": "\n  two\nlines & 'quotes'",
        "insight": "</textarea><script>",
        "attacker": '"Yeti"',
        "attacker_country": "CN",
        "target_country": "ZZ",
        "target_industry": "Astrology",
        "tlp": "red",
        "dataset_id": "no-such-dataset",
        "tags": "a, b,,c",
        "raw_data": '{"a": ',
        "raw_source": "mail",
        "raw_tlp": "green",
        "source_id": "no-uuid",
        "source_title": " <i>Title</i>",
        "account_id": "0x10",
        "indicator_text": "unparsed",
    }
    page = press(as_ana, **typed, **rows(("domain", "a.example"), ("odd type", "x"), ("", "")))
    assert {name: page.value(name) for name in typed} == typed
    assert page.rows == [("domain", "a.example"), ("odd type", "x"), ("", "")]
    assert page.value("form_token") == EXAMPLE["form_token"]


@pytest.mark.parametrize(
    "text",
    [
        "2022-04-01T00:00:00Z",
        "2022-04-01 00:00",
        "2022-04-01T00:00",
        " 2022-04-01 00:00 UTC ",
        "2022-04-01T02:00:00+02:00",
        "2022-03-31T19:00-0500",
        "2022-04-01t00:00:00.000z",
    ],
)
def test_a_time_is_read_as_utc_unless_it_says_otherwise(as_ana, text):
    page = press(as_ana, date=text)
    assert page.summary == []
    assert "2022-04-01T00:00:00Z" in page.html


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2022-04-01", "When needs the time of day too. Write such as 2022-04-01 00:00, in UTC."),
        ("1 April", "When is not a date and time. Write it in UTC, such as 2022-04-01 00:00"),
        ("2022-02-30 00:00", "When names a day or time that does not exist."),
        ("2022-04-01 25:00", "When names a day or time that does not exist."),
        ("0001-01-01 00:00+14:00", "When names a day or time that does not exist."),
        ("9999-12-31 23:00-14:00", "When names a day or time that does not exist."),
        ("２０２２-04-01 00:00", "When is not a date and time."),
        ("2022-04-01 00:00+99:99", "When names a day or time that does not exist."),
    ],
)
def test_a_time_that_is_none_says_what_to_write(as_ana, text, sentence):
    assert press(as_ana, date=text).error("date").startswith(sentence)


def test_a_category_that_is_not_in_the_list_is_sent_all_the_same(as_ana):
    page = press(as_ana, category="Brand new", target_industry="Astrology")
    assert page.summary == []
    assert "Brand new (not in the list)" in page.html
    assert page.value("category") == "Brand new"


def test_a_country_has_to_be_one(as_ana):
    assert "ZZ is not a country code" in press(as_ana, target_country="ZZ").error("target_country")
    assert press(as_ana, target_country="us").summary == []


@pytest.fixture
def datasets(db):
    """A private dataset that takes events, and one that takes none."""
    items = (
        '[{"uuid": "d-1", "name": "APT reports", "is_public": false, "writable": true},'
        ' {"uuid": "d-2", "name": "Archive", "is_public": true, "writable": false}]'
    )
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    ReferenceList.objects.create(name="datasets", items=items, fetched_at=moment)


def test_a_dataset_says_whether_it_is_public(as_ana, datasets):
    page = press(as_ana, dataset_id="d-1")
    options = {o.attrs["value"]: o for o in page.id("id_dataset_id").inside}
    assert options["d-1"].text == "APT reports (private)"
    assert options["d-2"].text == "Archive (public, read-only)"
    assert "disabled" in options["d-2"].attrs
    assert "to APT reports (private)" in page.html


def test_a_read_only_dataset_cannot_be_chosen_and_the_choice_is_kept(as_ana, datasets):
    page = press(as_ana, dataset_id="d-2")
    assert page.error("dataset_id").startswith("Archive is read-only")
    assert page.value("dataset_id") == "d-2"


def test_an_unlisted_dataset_is_refused_once_the_lists_were_fetched(as_ana, datasets):
    assert "does not list this dataset" in press(as_ana, dataset_id="d-9").error("dataset_id")


def test_indicator_types_take_the_spelling_of_the_list(as_ana):
    assert '"indicatorType</b>' not in press(as_ana).html
    page = press(as_ana, **rows(("DOMAIN", "domain.com")))
    assert page.summary == []
    assert "&quot;domain&quot;" in page.id("main").text or '"domain"' in page.id("main").text


def test_blank_rows_are_ignored_and_half_rows_are_not(as_ana):
    page = press(as_ana, **rows(("", ""), ("domain", " a.example "), ("", "b.example"), ("ip", "")))
    assert page.error("indicators-2-indicator_type").startswith("Row 3: Indicator type is required")
    assert page.error("indicators-3-value").startswith("Row 4:")
    assert len(page.summary) == 2
    assert press(as_ana, **rows(("", ""))).summary == []


def test_text_left_in_the_paste_box_is_not_dropped_silently(as_ana):
    page = press(as_ana, "send", indicator_text="evil[.]example")
    assert page.error("indicator_text").startswith("The paste box still holds text.")
    assert page.value("indicator_text") == "evil[.]example"


@pytest.mark.parametrize("key", ["event_desk", "Event_Desk", "EVENT_DESK", "\uff25vent_desk"])
def test_our_own_key_in_the_raw_data_is_reserved_in_every_spelling(as_ana, key):
    assert f'"{key}"' in press(as_ana, raw_data=f'{{" {key} ": 1}}').error("raw_data")
    assert press(as_ana, "send", raw_data=f'{{"{key}": 1}}').error("raw_data")


def test_our_own_key_further_down_in_the_raw_data_is_anybodys(as_ana):
    assert press(as_ana, raw_data='{"a": {"event_desk": 1}}').summary == []


def test_limits_are_told_in_numbers(as_ana):
    page = press(as_ana, event="x" * 10_001, tags=",".join(f"t{n}" for n in range(51)))
    assert "10,001 characters" in page.error("event")
    assert "Keep 50 or fewer" in page.error("tags")


def test_tlp_is_one_of_the_five(as_ana):
    assert (
        press(as_ana, tlp="purple").error("tlp")
        == "This is not a TLP label. Choose one of the five."
    )
    assert press(as_ana, raw_tlp="white").summary == []
