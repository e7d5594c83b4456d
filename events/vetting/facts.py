"""When it happened, and names that the API's catalog does not hold."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from events.reference import References, fallback
from events.vetting.findings import Entry, Field, Finding, Level, shown

AHEAD_MOST = timedelta(minutes=5)
OLD = timedelta(days=3_653)


def when(entry: Entry, now: datetime) -> Iterator[Finding]:
    """The date is neither ahead of `now` by more than a clock's error nor over ten years old."""
    if entry.date is None:
        return
    date = entry.date if entry.date.tzinfo else entry.date.replace(tzinfo=UTC)
    if date > now + AHEAD_MOST:
        yield _about_date("date.future", f"{date:%Y-%m-%d %H:%M} UTC is in the future.")
    elif date < now - OLD:
        yield _about_date("date.old", f"{date:%Y-%m-%d} is more than ten years ago.")


def _about_date(code: str, message: str) -> Finding:
    return Finding(code, Level.WARN, message, "Check the year, and whether it is in UTC.", "date")


def catalog(entry: Entry, references: References) -> Iterator[Finding]:
    """Category and industry are in the API's catalog, as far as that was ever fetched."""
    categories = tuple(category.name for category in references.categories)
    if categories != fallback.CATEGORIES:
        yield from _listed("category", "Category", entry.category, categories)
    if references.industries != fallback.INDUSTRIES:
        yield from _listed(
            "target_industry", "Target industry", entry.industry, references.industries
        )


def _listed(field: Field, label: str, name: str, names: Sequence[str]) -> Iterator[Finding]:
    name = name.strip()
    if not name or name in names:
        return
    meant = next((each for each in names if each.casefold() == name.casefold()), "")
    yield Finding(
        f"{field}.unlisted",
        Level.WARN,
        f"{label}: “{shown(name)}” is not in the API's catalog, so that it may refuse the event.",
        f"Write {meant}." if meant else "Choose one from the list.",
        field,
    )
