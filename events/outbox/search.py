"""Looking for a submission's event in Cloudforce One: the mark alone decides whether it is ours.

The list is asked in several ways, by the indicator, by the text and by the date, because the API
may keep one of them in another form than it was sent. Whatever comes back is a candidate, however
it looks; its raw data is read for the mark. That nothing was found is believed only of an answer
that is whole, to a filter that is heeded, by which an event that is known to be there was found
in exactly the same way.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from events.cloudflare import ApiError, Filter, RawData, is_searchable
from events.models import Look, State, Submission
from events.outbox.api import Api
from events.outbox.freeze import MARK
from events.outbox.gate import Held
from events.outbox.returned import wire_of
from events.outbox.traits import is_covered, resemblance
from events.payload import rfc3339

PAGE_SIZE = 1_000
# No API's own limit for a page is this small: a page with fewer rows is the last one.
SHORT_PAGE = 20
# A filter that is ignored returns everything; this many events are then looked through by hand.
LOOKED_THROUGH_MOST = 20_000
CANDIDATES_MOST = 50
CONTROLS_MOST = 3
KNOWN_MOST = 50
WAYS = ("indicator", "event", "date")
_SEVENTIES = datetime(1971, 1, 1, tzinfo=UTC)
_NOBODYS = "the mark of no submission"

Event = dict[str, Any]


@dataclass
class Search:
    """What a search found: matching events by uuid, and whether "not found" may be believed.

    `has_failed`: the API did not answer, so that it has to be made again.
    """

    matches: dict[str, Event] = field(default_factory=dict)
    is_conclusive: bool = False
    note: str = ""
    has_failed: bool = False


class _Listing(NamedTuple):
    """What one filter returned; `is_whole` if it is all there is, for all the API says."""

    way: Filter
    events: tuple[Event, ...]
    is_whole: bool


class _Known(NamedTuple):
    """An event that is there for certain, and a text to find it by.

    `mark` is the submission that it was created for, empty for what others created.
    """

    uuid: str
    value: str
    mark: str = ""


def search(submission: Submission, api: Api, *, is_thorough: bool = True) -> Search:
    """The events there that carry the mark of `submission`. Raises `ApiError`.

    Without `is_thorough` one way is asked and nothing is concluded from finding nothing: for the
    sweeps, which look for a second event of one that is there.
    """
    wire = wire_of(submission)
    ways = _ways(wire)
    listings = []
    for way in ways if is_thorough else ways[:1]:
        listings.append(_listed(api, submission.dataset_id, way))
        if is_thorough and _breaks(listings[-1]) and _is_ignored(api, submission.dataset_id, way):
            # Every way would return the same rows.
            return _looked_through(submission, api, wire, listings[-1])
    marks = _Marks(submission, api, wire, _all(listings))
    if marks.ours or not is_thorough:
        return Search(matches=marks.ours)
    note = ""
    for listing in listings:
        note = _doubt(submission, api, listing, marks) or ""
        if not note:
            return Search(is_conclusive=True)
    return Search(note=note)


def _ways(wire: dict[str, Any]) -> list[Filter]:
    """One filter each: several are written differently by every client, one is unambiguous."""
    rows = wire.get("indicators") or [{}]
    texts = {**wire, "indicator": wire.get("indicator") or rows[0].get("value")}
    return [
        Filter(name, "equals", texts[name])
        for name in WAYS
        if isinstance(texts.get(name), str) and is_searchable(texts[name])
    ]


def _listed(api: Api, dataset: str, way: Filter) -> _Listing:
    """Every event that passes the filter, by pages until an empty one.

    A page with less than was asked for need not be the last.
    """
    events: dict[str, Event] = {}
    cursor, number, is_whole = None, 1, True
    while True:
        page = api.list_events(
            dataset_ids=[dataset] if dataset else [],
            filters=[way],
            page_size=PAGE_SIZE,
            page=None if cursor else number,
            cursor=cursor,
            force_refresh=True,
        )
        before = len(events)
        events |= {str(event["uuid"]): event for event in page.events if event.get("uuid")}
        is_whole &= page.is_complete and all(event.get("uuid") for event in page.events)
        cursor, number = page.cursor, number + 1
        if not page.events or (cursor is None and len(page.events) < SHORT_PAGE):
            return _Listing(way, tuple(events.values()), is_whole)
        if len(events) == before or len(events) >= LOOKED_THROUGH_MOST:
            return _Listing(way, tuple(events.values()), False)


def _breaks(listing: _Listing) -> bool:
    """Whether rows do not look like what was asked for: an ignored filter, or changed texts."""
    way = listing.way
    return any(resemblance(event.get(way.field), way.value) < 2 for event in listing.events)


def _is_ignored(api: Api, dataset: str, way: Filter) -> bool:
    """Whether a value that no event has finds some all the same."""
    nonsense = _nonsense(way)
    page = api.list_events(
        dataset_ids=[dataset] if dataset else [],
        filters=[nonsense],
        page_size=1,
        force_refresh=True,
    )
    return bool(page.events)


def _nonsense(way: Filter) -> Filter:
    """The same filter with a value that no event has: for a date, a second of the 1970s."""
    if way.field == "date":
        moment = _SEVENTIES + timedelta(seconds=secrets.randbelow(10**8))
        return Filter(way.field, way.op, rfc3339(moment))
    return Filter(way.field, way.op, secrets.token_hex(16))


def _looked_through(
    submission: Submission, api: Api, wire: dict[str, Any], listing: _Listing
) -> Search:
    """The filter was ignored: what looks most like it is read, and nothing else is concluded."""
    marks = _Marks(submission, api, wire, listing.events)
    return Search(matches=marks.ours, note="the API did not keep to the filter")


def _all(listings: Iterable[_Listing]) -> tuple[Event, ...]:
    return tuple({e["uuid"]: e for each in listings for e in each.events}.values())


class _Marks:
    """The candidates, the likeliest first, and whose each is by its mark.

    `ours` are those with the mark of the submission; `others` the uuids of those that have not;
    what is in neither was not read or could not be.
    """

    def __init__(
        self, submission: Submission, api: Api, wire: dict[str, Any], events: Sequence[Event]
    ) -> None:
        self.ours: dict[str, Event] = {}
        self.unlike: set[str] = set()
        known = Submission.objects.filter(event_uuid__in=[e["uuid"] for e in events])
        others = known.exclude(pk=submission.pk).values_list("event_uuid", flat=True)
        self.others: set[str] = set(others) if events else set()
        waiting = [event for event in events if event["uuid"] not in self.others]
        waiting.sort(key=lambda event: -_likeness(event, wire))
        for event in waiting[:CANDIDATES_MOST]:
            uuid, dataset = str(event["uuid"]), event.get("datasetId") or submission.dataset_id
            match _is_marked(api, str(dataset), uuid, str(submission.pk)):
                case True:
                    self.ours[uuid] = event
                case False:
                    self.others.add(uuid)
                case None if not _likeness(event, wire):
                    self.unlike.add(uuid)

    def are_others(self, events: Iterable[Event], *, marks_are_read: bool) -> bool:
        """Whether none of `events` can be ours.

        An event without raw data that looks unlike ours counts as another's only where it was
        seen that the API gives marks back.
        """
        known = self.others | (self.unlike if marks_are_read else set())
        return all(event["uuid"] in known for event in events)


def _likeness(event: Event, wire: dict[str, Any]) -> int:
    """How much an event looks like what was sent; only the order of reading hangs on it."""
    rows = wire.get("indicators") or [{}]
    indicator = wire.get("indicator") or rows[0].get("value")
    return (
        4 * resemblance(event.get("event"), wire.get("event"))
        + 2 * resemblance(event.get("indicator"), indicator)
        + int(event.get("date") == wire.get("date"))
    )


def _is_marked(api: Api, dataset: str, uuid: str, submission: str) -> bool | None:
    """Whether an event carries the mark of `submission`; None if its raw data cannot be read."""
    try:
        raw = api.read_raw(dataset, uuid)
    except Held:
        raise
    except ApiError:
        return None
    return marks(raw, submission)


def marks(raw: RawData, submission: str) -> bool | None:
    """Whether raw data carries the mark of `submission`, in whatever order, type or case.

    None if there is none, or if it ends too early to tell.
    """
    if raw.data is None:
        text = raw.text.lower()
        if submission in text:
            return True
        return False if MARK in text and text.rstrip().endswith("}") else None
    own = [value for name, value in raw.data.items() if name.strip().lower() == MARK]
    return submission in json.dumps(own or raw.data).lower()


def _doubt(submission: Submission, api: Api, listing: _Listing, marks: _Marks) -> str:
    """Why finding nothing in `listing` proves nothing; empty if it does prove it."""
    if not listing.is_whole:
        return "the API's answer was incomplete, or more events look alike than could be compared"
    known = _control(api, submission, listing.way)
    if known is None:
        return "the same query did not find an event that is known to be there"
    if not marks.are_others(listing.events, marks_are_read=bool(known.mark)):
        return "more events look alike than could be compared"
    if _is_ignored(api, submission.dataset_id, listing.way):
        return "the API did not keep to the filter"
    return ""


def _control(api: Api, submission: Submission, way: Filter) -> _Known | None:
    """An event that is there for certain and was found by a query of the same kind, else None."""
    tried = 0
    for source in (_ours(submission, way.field), _theirs(api, submission, way.field)):
        for known in source:
            if not is_covered(str(way.value), known.value):
                continue
            if _is_found(api, submission.dataset_id, way, known):
                return known
            tried += 1
            if tried == CONTROLS_MOST:
                return None
    return None


def _is_found(api: Api, dataset: str, way: Filter, known: _Known) -> bool:
    """Whether a known event is found as ours would be: by the list, and by its mark."""
    listing = _listed(api, dataset, Filter(way.field, way.op, known.value))
    found = next((event for event in listing.events if event["uuid"] == known.uuid), None)
    if found is None or not listing.is_whole:
        return False
    where = str(found.get("datasetId") or dataset)
    is_marked = _is_marked(api, where, known.uuid, known.mark or _NOBODYS)
    return is_marked is True if known.mark else is_marked is not None


def _ours(submission: Submission, name: str) -> Iterator[_Known]:
    """Events that were created from here and are still as sent, the newest first.

    The text is the one that was sent, because a text that was sent is what is looked for.
    """
    created = (
        Submission.objects.filter(state=State.CREATED, dataset_id=submission.dataset_id)
        .exclude(pk=submission.pk)
        .exclude(look__in=(Look.CHANGED, Look.GONE))
        .order_by("-updated_at", "-id")
    )
    # Bodies are read one by one, as they are wanted, and never by a query that is still open while
    # the API is asked: SQLite refuses to write beside one ("database is locked").
    for pk in list(created.values_list("pk", flat=True)[:KNOWN_MOST]):
        uuid, body = Submission.objects.values_list("event_uuid", "body").get(pk=pk)
        for way in _ways(json.loads(bytes(body or b"{}"))):
            if uuid and way.field == name:
                yield _Known(uuid, str(way.value), str(pk))


def _theirs(api: Api, submission: Submission, name: str) -> Iterator[_Known]:
    """The same of whatever the API lists. Asks it only when the first one is wanted."""
    dataset = [submission.dataset_id] if submission.dataset_id else []
    listed = api.list_events(dataset_ids=dataset, page_size=KNOWN_MOST, force_refresh=True)
    for event in islice(listed.events, KNOWN_MOST):
        value = event.get(name)
        if event.get("uuid") and isinstance(value, str) and is_searchable(value):
            yield _Known(str(event["uuid"]), value)
