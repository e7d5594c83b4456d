"""Reading times: what people type, what logs hold, and what is refused with which words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.forms.moments import NotAMoment, parse_moment, pinned

NOW = datetime(2026, 11, 23, 12, 0, 5, 123, tzinfo=UTC)

FIXED = {
    "2026-11-23 11:58": "2026-11-23T11:58:00Z",
    "2026-11-23T11:58:01": "2026-11-23T11:58:01Z",
    "2026-11-23T11:58:01Z": "2026-11-23T11:58:01Z",
    "2026-11-23t11:58:01.250z": "2026-11-23T11:58:01.250000Z",
    "2026-11-23 11:58:01,250": "2026-11-23T11:58:01.250000Z",
    "2026-11-23T11:58:01.123456789Z": "2026-11-23T11:58:01.123456Z",
    "2026-11-23 11:58 UTC": "2026-11-23T11:58:00Z",
    "2026-11-23 11:58:01+01:00": "2026-11-23T10:58:01Z",
    "2026-11-23 11:58:01 -0530": "2026-11-23T17:28:01Z",
    "2026/11/23 11:58": "2026-11-23T11:58:00Z",
    "20261123T115801Z": "2026-11-23T11:58:01Z",
    "202611231158": "2026-11-23T11:58:00Z",
    "20261123115801": "2026-11-23T11:58:01Z",
    "20261123115801Z": "2026-11-23T11:58:01Z",
    "202611231158+0100": "2026-11-23T10:58:00Z",
    "202204010000": "2022-04-01T00:00:00Z",
    "20220401000000": "2022-04-01T00:00:00Z",
    "1795435081": "2026-11-23T11:58:01Z",
    "1795435081.5": "2026-11-23T11:58:01.500000Z",
    "1795435081250": "2026-11-23T11:58:01.250000Z",
    "23/Nov/2026:11:58:01 +0100": "2026-11-23T10:58:01Z",
    "[23/Nov/2026:11:58:01 +0100]": "2026-11-23T10:58:01Z",
    "Mon, 23 Nov 2026 11:58:01 +0100": "2026-11-23T10:58:01Z",
    "Mon, 23 Nov 2026 11:58:01 GMT": "2026-11-23T11:58:01Z",
    "Mon, 23 Nov 2026 11:58:01 +0100 (CET)": "2026-11-23T10:58:01Z",
    "3 November 2026 11:58": "2026-11-03T11:58:00Z",
    "[Mon Nov 23 11:58:01.123456 2026]": "2026-11-23T11:58:01.123456Z",
    "Nov 23 2026 11:58:01": "2026-11-23T11:58:01Z",
    "23/11/2026 11:58": "2026-11-23T11:58:00Z",
    "11/23/2026 11:58": "2026-11-23T11:58:00Z",
    "23.11.2026 11:58:01": "2026-11-23T11:58:01Z",
}
RELATIVE = {
    "now": "2026-11-23T12:00:05Z",
    "2h ago": "2026-11-23T10:00:05Z",
    "30 min ago": "2026-11-23T11:30:05Z",
    "3 days ago": "2026-11-20T12:00:05Z",
    "An hour ago": "2026-11-23T11:00:05Z",
    "1 week ago": "2026-11-16T12:00:05Z",
    "yesterday 14:00": "2026-11-22T14:00:00Z",
    "Yesterday at 9:05": "2026-11-22T09:05:00Z",
    "today 09:30 +0100": "2026-11-23T08:30:00Z",
    "Nov 23 11:58:01": "2026-11-23T11:58:01Z",
    "Nov  3 11:58:01": "2026-11-03T11:58:01Z",
    "Dec 24 10:00:00": "2025-12-24T10:00:00Z",
    "Feb 29 10:00:00": "2024-02-29T10:00:00Z",
}


def text(moment):
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("written", [*FIXED, *RELATIVE])
def test_what_is_read(written):
    assert text(parse_moment(written, NOW)) == (FIXED | RELATIVE)[written]
    assert parse_moment(f"  {written}\n", NOW) == parse_moment(written, NOW)


def test_what_hangs_on_the_present_is_pinned_and_nothing_else():
    assert {written: pinned(written, NOW) for written in RELATIVE} == RELATIVE
    assert {written: pinned(written, NOW) for written in FIXED} == {each: each for each in FIXED}


def test_a_syslog_time_at_the_turn_of_the_year_may_be_a_few_hours_ahead():
    new_year = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert text(parse_moment("Jan  1 00:30:00", new_year)) == "2027-01-01T00:30:00Z"
    assert text(parse_moment("Jan  2 00:30:00", new_year)) == "2026-01-02T00:30:00Z"


@pytest.mark.parametrize(
    "written", ["03/04/2026", "03/04/2026 10:00", "3.4.2026 10:00", "03-04-26"]
)
def test_a_day_and_month_that_could_change_places_are_refused(written):
    with pytest.raises(NotAMoment) as refusal:
        parse_moment(written, NOW)
    assert "day first or month first" in str(refusal.value)
    assert "2026-04-03 00:00 or 2026-03-04 00:00" in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("202213010000", "does not exist"),
        ("999999999999", "does not exist"),
        ("20220431000000", "does not exist"),
        ("2022040123", "two ways: as Unix time, or as a date. Write such as 2022-04-01 23:00"),
        ("2026-11-23", "When needs the time of day too. Write such as 2026-11-23 00:00"),
        ("yesterday", "needs the time of day too"),
        ("2026-13-01 00:00", "does not exist"),
        ("2026-02-30 00:00", "does not exist"),
        ("2026-01-01 25:00", "does not exist"),
        ("31/02/2026 10:00", "does not exist"),
        ("2026-01-01 10:00 +25:00", "does not exist"),
        ("0001-01-01 00:00 +01:00", "does not exist"),
        ("9999-12-31 23:59 -01:00", "does not exist"),
        ("999999 weeks ago", "does not exist"),
        ("23/Xyz/2026:11:58:01", "a month that does not exist: Xyz"),
        ("2 fortnights ago", "is not a date and time. Write it in UTC"),
        ("2026-11-23 11:58 CET", "is not a date and time"),
        ("17954350", "is not a date and time"),
        ("１７９５４３５０８１", "is not a date and time"),
        ("", "is not a date and time"),
    ],
)
def test_a_refusal_says_what_to_write(written, words):
    with pytest.raises(NotAMoment) as refusal:
        parse_moment(written, NOW)
    assert words in str(refusal.value)


PIECES = st.sampled_from(
    [*FIXED, *RELATIVE, "03/04/2026", "ago", "99", "-", "/", ":", "[", "+", " ", "T", "Feb 30"]
)
LOG_LIKE = st.lists(PIECES | st.text(max_size=4), max_size=4).map("".join)
SHAPES = st.from_regex(
    r"\A(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,13}|[A-Z][a-z]{2} +\d{1,2})[ T:]"
    r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?[+-]\d{2}:?\d{2}|Z)?\Z"
)


@settings(deadline=None)
@given(st.text() | LOG_LIKE | SHAPES, st.datetimes(timezones=st.just(UTC)))
def test_whatever_is_written_is_a_moment_or_refused_with_words(written, now):
    try:
        moment = parse_moment(written, now)
    except NotAMoment as refusal:
        assert str(refusal).startswith("When ")
    else:
        assert moment.utcoffset().total_seconds() == 0
    assert isinstance(pinned(written, now), str)


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([0, 60, -330, 840]))
def test_iso_of_any_zone_comes_back(moment, minutes):
    from datetime import timedelta, timezone

    try:
        local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert parse_moment(local.isoformat()) == moment
    assert parse_moment(local.isoformat(" ")) == moment
