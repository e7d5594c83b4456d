"""Looking for a submission's event in Cloudforce One: the mark alone decides whether it is ours.

The list is asked in several ways, by the indicator, by the text and by the date, because the API
may keep one of them in another form than it was sent, or take no filter on one. Whatever comes back
is a candidate, however it looks; its raw data is read for the mark. That nothing was found is
believed only of an answer that is whole, to a filter that is heeded, by which an event that is
known to be there was found in exactly the same way, and if no other dataset has it either.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.core.cache import cache

from events import reference
from events.cloudflare import ApiError, Filter, Page, RateLimited, RawData, Refused, is_searchable
from events.models import Look, State, Submission
from events.outbox.api import Api
from events.outbox.freeze import MARK, is_mark
from events.outbox.gate import Held
from events.outbox.returned import wire_of
from events.outbox.traits import is_covered, resemblance
from events.payload import rfc3339

PAGE_SIZE = 1_000
# No API's own limit for a page is this small: a page with fewer rows is the last one.
SHORT_PAGE = 20
# A filter that is ignored returns everything; this many events are then looked through by hand.
LOOKED_THROUGH_MOST = 20_000
PAGES_MOST = 50
CANDIDATES_MOST = 50
CONTROLS_MOST = 3
KNOWN_MOST = 50
WAYS = ("indicator", "event", "date")
_IGNORED = "the API did not keep to the filter"
_ALIKE = "more events look alike than could be compared"
EVERYWHERE = ("*",)
OTHERS_KEPT = 24 * 60 * 60
DEPTH_MOST = 8
_SEVENTIES = datetime(1971, 1, 1, tzinfo=UTC)
_NOBODYS = "the mark of no submission"
# In raw data that is no JSON any more, such as a text that was cut.
_MARKED = re.compile(rf"{MARK}.{{0,200}}", re.DOTALL)
_DIGIT = re.compile(r"[0-9]")

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
    """What one filter returned, by uuid in lower case; `doubt`: why it may not be all there is."""

    way: Filter
    events: dict[str, Event]
    doubt: str = ""


class _Known(NamedTuple):
    """An event that is there for certain, and a text to find it by.

    `mark` is the submission that it was created for, empty for what others created; `is_many`
    whether it was sent with several indicators, None if that is not known.
    """

    uuid: str
    value: str
    mark: str = ""
    is_many: bool | None = None


def search(submission: Submission, api: Api, *, is_thorough: bool = True) -> Search:
    """The events there that carry the mark of `submission`. Raises `ApiError`.

    Without `is_thorough` one way is asked and nothing is concluded from finding nothing: for the
    sweeps, which look for a second event of one that is there.
    """
    wire = wire_of(submission)
    ways = _ways(wire)
    listings, failure = _asked(api, submission.dataset_id, ways if is_thorough else ways[:1])
    if failure is not None and not listings:
        raise failure
    marks = _Marks(submission, api, wire, _all(listings))
    if not is_thorough:
        note = listings[0].doubt
        return Search(matches=marks.ours, note=note, has_failed=bool(note and not marks.ours))
    if marks.ours:
        return Search(matches=marks.ours)
    note = failure.detail if failure else ""
    for listing in listings:
        if not (doubt := _doubt(submission, api, listing, marks)):
            return _elsewhere(submission, api, wire, ways[0])
        note = doubt
    return Search(note=note)


def _asked(
    api: Api, dataset: str, ways: Sequence[Filter]
) -> tuple[list[_Listing], ApiError | None]:
    """What each way found, and the failure of one that failed: it does not hide the others'.

    What is ignored once is read on; the next ways that are ignored would return the same.
    """
    listings: list[_Listing] = []
    failure = None
    for way in ways:
        is_known = any(each.doubt == _IGNORED for each in listings)
        try:
            reads_on = len(ways) > 1 and not is_known
            listings.append(_listed(api, _scope(dataset), way, reads_on=reads_on))
        except (Held, RateLimited):
            raise
        except ApiError as error:
            failure = error
    return listings, failure


def _elsewhere(submission: Submission, api: Api, wire: Event, way: Filter) -> Search:
    """Not in its dataset: it may have been moved to another before it was looked for."""
    try:
        listing = _listed(api, EVERYWHERE, way, reads_on=False)
    except Held:
        raise
    except Refused:
        return Search(is_conclusive=True)  # nobody here may look there
    marks = _Marks(submission, api, wire, listing.events)
    if marks.ours:
        return Search(matches=marks.ours)
    if listing.doubt or not marks.are_others(listing.events, marks_are_read=True):
        return Search(note=listing.doubt or _ALIKE)
    return Search(is_conclusive=True)


def _ways(wire: dict[str, Any]) -> list[Filter]:
    """One filter each: several are written differently by every client, one is unambiguous."""
    rows = wire.get("indicators") or [{}]
    texts = {**wire, "indicator": wire.get("indicator") or rows[0].get("value")}
    return [
        Filter(name, "equals", texts[name])
        for name in WAYS
        if isinstance(texts.get(name), str) and is_searchable(texts[name])
    ]


def _scope(dataset: str) -> tuple[str, ...]:
    return (dataset,) if dataset else ()


def _listed(api: Api, scope: tuple[str, ...], way: Filter, *, reads_on: bool = True) -> _Listing:
    """Every event that passes the filter, by pages until the last.

    A page with less than was asked for need not be the last, nor an empty one that names the next.
    If the filter is ignored, `reads_on` says whether everything is read.
    """
    events: dict[str, Event] = {}
    cursor, doubt = None, ""
    for number in range(1, PAGES_MOST + 1):
        page = api.list_events(
            dataset_ids=list(scope),
            filters=[way],
            page_size=PAGE_SIZE,
            page=None if cursor else number,
            cursor=cursor,
            force_refresh=True,
        )
        before = len(events)
        rows = {_uuid(event): event for event in page.events}
        if not page.is_complete or "" in rows:
            doubt = doubt or "the API's answer was incomplete"
        events |= {uuid: event for uuid, event in rows.items() if uuid}
        if number == 1 and _breaks(way, page) and _is_ignored(api, scope, way):
            doubt = _IGNORED
        cursor = page.cursor
        is_last = cursor is None and len(page.events) < SHORT_PAGE
        if is_last or (doubt == _IGNORED and not reads_on):
            return _Listing(way, events, doubt)
        if (page.events and len(events) == before) or len(events) >= LOOKED_THROUGH_MOST:
            break
    return _Listing(way, events, doubt or _ALIKE)


def _uuid(event: Event) -> str:
    """The uuid in lower case; empty for whatever is none."""
    uuid = event.get("uuid")
    return uuid.lower() if isinstance(uuid, str) else ""


def _breaks(way: Filter, page: Page) -> bool:
    """Whether rows do not look like what was asked for: an ignored filter, or changed texts."""
    return any(resemblance(event.get(way.field), way.value) < 2 for event in page.events)


def _is_ignored(api: Api, scope: tuple[str, ...], way: Filter) -> bool:
    """Whether a value that no event has finds some all the same."""
    page = api.list_events(
        dataset_ids=list(scope), filters=[_nonsense(way)], page_size=1, force_refresh=True
    )
    return bool(page.events)


def _nonsense(way: Filter) -> Filter:
    """The same filter with a value that no event has: for a date, a second of the 1970s."""
    if way.field == "date":
        moment = _SEVENTIES + timedelta(seconds=secrets.randbelow(10**8))
        return Filter(way.field, way.op, rfc3339(moment))
    return Filter(way.field, way.op, secrets.token_hex(16))


def _all(listings: Iterable[_Listing]) -> dict[str, Event]:
    return {uuid: event for each in listings for uuid, event in each.events.items()}


class _Marks:
    """The candidates, the likeliest first, and whose each is by its mark.

    `ours` are those with the mark of the submission; `others` the uuids of those that have not;
    what is in neither was not read or could not be. Which were read is remembered, so that the next
    search reads those first that this one had no time for.
    """

    def __init__(
        self, submission: Submission, api: Api, wire: Event, events: Mapping[str, Event]
    ) -> None:
        self.ours: dict[str, Event] = {}
        self.unlike: set[str] = set()
        key = f"others-than-{submission.pk}"
        before: set[str] = cache.get(key, set())
        self.others = _created_for_others(submission, events)
        waiting = [event for uuid, event in events.items() if uuid not in self.others]
        waiting.sort(key=lambda event: (_uuid(event) in before, -_likeness(event, wire)))
        self.others |= before.intersection(map(_uuid, waiting[CANDIDATES_MOST:]))
        for event in waiting[:CANDIDATES_MOST]:
            uuid = _uuid(event)
            match _is_marked(api, submission.dataset_id, event, str(submission.pk)):
                case True:
                    self.ours[uuid] = event
                case False:
                    self.others.add(uuid)
                case None if not _likeness(event, wire):
                    self.unlike.add(uuid)
        cache.set(key, before | self.others, OTHERS_KEPT)

    def are_others(self, events: Iterable[str], *, marks_are_read: bool) -> bool:
        """Whether none of `events` can be ours.

        An event without raw data that looks unlike ours counts as another's only where it was
        seen that the API gives marks back.
        """
        known = self.others | (self.unlike if marks_are_read else set())
        return known.issuperset(events)


def _created_for_others(submission: Submission, uuids: Iterable[str]) -> set[str]:
    """Of `uuids` those that other submissions are known to have created."""
    known = Submission.objects.filter(event_uuid__in=list(uuids)).exclude(pk=submission.pk)
    return {uuid.lower() for uuid in known.values_list("event_uuid", flat=True)}


def _likeness(event: Event, wire: Event) -> int:
    """How much an event looks like what was sent; only the order of reading hangs on it."""
    rows = wire.get("indicators") or [{}]
    indicator = wire.get("indicator") or rows[0].get("value")
    return (
        4 * resemblance(event.get("event"), wire.get("event"))
        + 2 * resemblance(event.get("indicator"), indicator)
        + int(event.get("date") == wire.get("date"))
    )


def _is_marked(api: Api, dataset: str, event: Event, submission: str) -> bool | None:
    """Whether an event carries the mark of `submission`; None if its raw data cannot be read."""
    where = event.get("datasetId") or dataset or _default_dataset()
    try:
        raw = api.read_raw(str(where), str(event.get("uuid")))
    except (Held, RateLimited):
        raise
    except ApiError:
        return None
    return marks(raw, submission)


def _default_dataset() -> str:
    """The uuid of the API's default dataset, for events that do not name theirs."""
    found = reference.load().dataset("")
    return found.uuid if found else ""


def marks(raw: RawData, submission: str) -> bool | None:
    """Whether raw data carries the mark of `submission`, in whatever order, type or case.

    A text that only mentions it is no mark. None if there is no raw data, if it ends too early to
    tell, or if it carries several marks, of which one is this.
    """
    found = _marks_in(raw.data) if raw.data is not None else _MARKED.findall(raw.text.lower())
    if not found:
        return False if raw.data is not None or raw.text.rstrip().endswith("}") else None
    ours = [submission in mark for mark in found]
    return None if any(ours) and not all(ours) else all(ours)


def _marks_in(value: Any, depth: int = 0) -> list[str]:
    """Every mark in raw data, as text; those within are looked for where there is none above."""
    if isinstance(value, list):
        return [mark for item in value for mark in _marks_in(item, depth + 1)]
    if not isinstance(value, dict) or depth > DEPTH_MOST:
        return []
    own = [json.dumps(item).lower() for name, item in value.items() if is_mark(name)]
    return own or [mark for item in value.values() for mark in _marks_in(item, depth + 1)]


def _doubt(submission: Submission, api: Api, listing: _Listing, marks: _Marks) -> str:
    """Why finding nothing in `listing` proves nothing; empty if it does prove it."""
    if listing.doubt:
        return listing.doubt
    known = _control(api, submission, listing.way)
    if known is None:
        return "the same query did not find an event that is known to be there"
    if not marks.are_others(listing.events, marks_are_read=bool(known.mark)):
        return _ALIKE
    if _is_ignored(api, _scope(submission.dataset_id), listing.way):
        return _IGNORED
    return ""


def _control(api: Api, submission: Submission, way: Filter) -> _Known | None:
    """An event that is there for certain and was found by a query of the same kind, else None."""
    is_many = "indicators" in wire_of(submission)
    tried = 0
    for source in (_ours(submission, way.field), _theirs(api, submission, way.field)):
        for known in source:
            if not _is_control(way, known, is_many=is_many):
                continue
            if _is_found(api, submission.dataset_id, way, known):
                return known
            tried += 1
            if tried == CONTROLS_MOST:
                return None
    return None


def _is_control(way: Filter, known: _Known, *, is_many: bool) -> bool:
    """Whether finding `known` shows that ours would be found.

    What others created shows the API's own form of a date, which says nothing of ours; and of
    several indicators the list may know the first alone.
    """
    wanted = str(way.value)
    if way.field == "date":
        return _DIGIT.sub("9", wanted) == _DIGIT.sub("9", known.value)
    if way.field == "indicator" and is_many and not known.is_many:
        return False
    return is_covered(wanted, known.value)


def _is_found(api: Api, dataset: str, way: Filter, known: _Known) -> bool:
    """Whether a known event is found as ours would be: by the list, and by its mark."""
    wanted = Filter(way.field, way.op, known.value)
    listing = _listed(api, _scope(dataset), wanted, reads_on=False)
    found = listing.events.get(known.uuid.lower())
    if found is None or listing.doubt:
        return False
    is_marked = _is_marked(api, dataset, found, known.mark or _NOBODYS)
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
        wire = json.loads(bytes(body or b"{}"))
        for way in _ways(wire):
            if uuid and way.field == name:
                yield _Known(uuid, str(way.value), str(pk), "indicators" in wire)


def _theirs(api: Api, submission: Submission, name: str) -> Iterator[_Known]:
    """The same of whatever the API lists. Asks it only when the first one is wanted."""
    page = api.list_events(
        dataset_ids=list(_scope(submission.dataset_id)), page_size=KNOWN_MOST, force_refresh=True
    )
    for event in islice(page.events, KNOWN_MOST):
        value = event.get(name)
        if _uuid(event) and isinstance(value, str) and is_searchable(value):
            yield _Known(_uuid(event), value)
