"""When something happened: reading the time that a person typed, or pasted from a log."""

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

_EXAMPLE = "Write it in UTC, such as 2022-04-01 00:00 or 2022-04-01T00:00:00Z."
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_ZONE = r"\s*(?P<zone>Z|UTC|UT|GMT|[+-]\d{2}(?::?\d{2})?)?(?:\s*\([A-Za-z ]{1,30}\))?"
_NAMED_DAY = r"(?P<day>\d{1,2})[ /-](?P<month>[A-Za-z]{3,9})[ /-](?P<year>\d{4})"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        # RFC 3339 and its relatives; the year first is not ambiguous, whatever separates.
        rf"(?P<year>\d{{4}})(?P<s>[-/.])(?P<month>\d{{1,2}})(?P=s)(?P<day>\d{{1,2}})(?:T|\s+|_)\s*{_TIME}{_ZONE}",
        # Compact, with and without the T: twelve or fourteen digits are a date, never Unix time.
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
        + _ZONE,
        # Apache's access log, and RFC 2822.
        rf"(?:[A-Za-z]{{3,9}},?\s+)?{_NAMED_DAY}(?::|,?\s+){_TIME}{_ZONE}",
        # Syslog without a year, and with one; asctime and Apache's error log.
        rf"(?:[A-Za-z]{{3,9}},?\s+)?(?P<month>[A-Za-z]{{3,9}})\s+(?P<day>\d{{1,2}}),?(?:\s+(?P<year>\d{{4}}))?\s+{_TIME}(?:\s+(?P<late_year>\d{{4}}))?{_ZONE}",
        # The day first or the month first: taken only where one of both cannot be meant.
        rf"(?P<first>\d{{1,2}})(?P<s>[-/.])(?P<other>\d{{1,2}})(?P=s)(?P<year>\d{{4}}),?\s+{_TIME}{_ZONE}",
    )
)
_DAY_OR_MONTH = re.compile(
    r"(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})\b.*",
    re.ASCII | re.DOTALL,
)
_EPOCH = re.compile(
    r"(?P<seconds>\d{9,10})(?:\.(?P<fraction>\d{1,9}))?|(?P<millis>\d{13})", re.ASCII
)
_COMPACT_HOUR = re.compile(
    r"((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])", re.ASCII
)
_AGO = re.compile(r"(?P<number>\d{1,6}|an?)\s*(?P<unit>[a-z]+)\s+ago", re.ASCII | re.IGNORECASE)
_NAMED = re.compile(
    rf"(?P<name>today|yesterday)(?:,|\s+at)?\s+{_TIME}{_ZONE}", re.ASCII | re.IGNORECASE
)
_UNITS = {
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "wk", "week", "weeks"),
}
_UNIT = {name: unit for unit, names in _UNITS.items() for name in names}
_AHEAD = timedelta(days=1)


class NotAMoment(ValueError):
    """The text names no moment; the error's text says what to write instead."""


def parse_moment(text: str, now: datetime | None = None) -> datetime:
    """The moment that `text` names, in UTC; a text without a time zone is in UTC already.

    Takes RFC 3339 with or without `T`, seconds and zone; Unix time in seconds or milliseconds;
    what Apache, syslog and RFC 2822 write; `2h ago`, `yesterday 14:00` and `now`, counted from
    `now` (None is the present). A day and month that could change places are refused. Raises
    `NotAMoment` with one sentence or two, and nothing else.
    """
    text = _bare(text)
    now = now or timezone.now()
    for read in (_relative, _epoch, _written):
        try:
            moment = read(text, now)
        except NotAMoment:
            raise
        except (ValueError, OverflowError):
            raise NotAMoment(f"When names a day or time that does not exist. {_EXAMPLE}") from None
        if moment is not None:
            return moment
    raise NotAMoment(_complaint(text))


def pinned(text: str, now: datetime) -> str:
    """`text`, or the fixed moment in its place if what it means depends on `now`."""
    bare = _bare(text)
    try:
        moment = _relative(bare, now) or _without_year(bare, now)
    except (ValueError, OverflowError):
        return text
    return moment.isoformat().replace("+00:00", "Z") if moment else text


def _bare(text: str) -> str:
    """Without what surrounds a time in a log."""
    return text.strip().strip("[]\"'").strip()[:100]


def _relative(text: str, now: datetime) -> datetime | None:
    now = now.replace(microsecond=0)
    if text.casefold() == "now":
        return now
    if match := _AGO.fullmatch(text):
        unit = _UNIT.get(match["unit"].lower())
        number = 1 if match["number"][0] in "aA" else int(match["number"])
        return now - timedelta(**{unit: number}) if unit else None
    if match := _NAMED.fullmatch(text):
        day = now - timedelta(days=match["name"].lower() == "yesterday")
        return _moment(match, day.year, day.month, day.day)
    return None


def _epoch(text: str, now: datetime) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    if match is None:
        return None
    start = datetime(1970, 1, 1, tzinfo=UTC)
    if match["millis"]:
        return start + timedelta(milliseconds=int(match["millis"]))
    moment = start + timedelta(
        seconds=int(match["seconds"]), microseconds=_microseconds(match["fraction"])
    )
    if moment > now + _AHEAD and (hour := _COMPACT_HOUR.fullmatch(text)):
        raise NotAMoment(
            "When can be read in two ways: as Unix time, or as a date. Write such as "
            f"{hour[1]}-{hour[2]}-{hour[3]} {hour[4]}:00, in UTC."
        )
    return moment


def _written(text: str, now: datetime) -> datetime | None:
    for form in _FORMS:
        if match := form.fullmatch(text):
            parts = match.groupdict()
            year = parts.get("year") or parts.get("late_year")
            if "first" in parts:
                day, month = _in_order(int(parts["first"]), int(parts["other"]), parts["year"])
            else:
                day, month = int(parts["day"]), _month(parts["month"])
            if year is None:
                return _last(match, month, day, now)
            return _moment(match, int(year), month, day)
    return None


def _without_year(text: str, now: datetime) -> datetime | None:
    """The moment of a syslog line, which has no year of its own."""
    match = _FORMS[3].fullmatch(text)
    if match is None or match["year"] or match["late_year"]:
        return None
    return _last(match, _month(match["month"]), int(match["day"]), now)


def _last(match: re.Match[str], month: int, day: int, now: datetime) -> datetime:
    """The last such day and time that is not ahead of `now` by more than zones differ."""
    for year in range(now.year + 1, now.year - 8, -1):
        try:
            moment = _moment(match, year, month, day)
        except ValueError:
            if (month, day) != (2, 29):
                raise
            continue
        if moment <= now + _AHEAD:
            return moment
    raise ValueError("no such day in the last years")


def _moment(match: re.Match[str], year: int, month: int, day: int) -> datetime:
    """The moment on that day at the time and in the zone that `match` holds, in UTC."""
    parts = match.groupdict()
    moment = datetime(
        year,
        month,
        day,
        int(parts["hour"]),
        int(parts["minute"]),
        int(parts["second"] or 0),
        _microseconds(parts.get("fraction")),
        tzinfo=UTC,
    )
    return moment - _offset(parts["zone"] or "")


def _offset(zone: str) -> timedelta:
    """How far `zone` is ahead of UTC."""
    if not zone.startswith(("+", "-")):
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "0").ljust(6, "0")[:6])


def _month(text: str) -> int:
    if text.isdecimal():
        return int(text)
    short = text[:3].lower()
    if short not in _MONTHS.split():
        raise NotAMoment(f"When names a month that does not exist: {text}. {_EXAMPLE}")
    return _MONTHS.split().index(short) + 1


def _in_order(first: int, other: int, year: str) -> tuple[int, int]:
    """Day and month, where only one order of both is possible."""
    if first > 12 >= other:
        return first, other
    if other > 12 >= first:
        return other, first
    if first == other:
        return first, other
    raise NotAMoment(_ambiguous(first, other, year))


def _ambiguous(first: int, other: int, year: str) -> str:
    year = year if len(year) == 4 else f"20{year}"
    if max(first, other) > 12:
        return f"When is not a date and time. {_EXAMPLE}"
    return (
        "When can be read in two ways: day first or month first. Write the year first: "
        f"{year}-{other:02}-{first:02} 00:00 or {year}-{first:02}-{other:02} 00:00, in UTC."
    )


def _complaint(text: str) -> str:
    if _DAY.fullmatch(text) or text.casefold() in {"today", "yesterday"}:
        return f"When needs the time of day too. Write such as {text} 00:00, in UTC."
    if match := _DAY_OR_MONTH.fullmatch(text):
        return _ambiguous(int(match["first"]), int(match["other"]), match["year"])
    return f"When is not a date and time. {_EXAMPLE}"
