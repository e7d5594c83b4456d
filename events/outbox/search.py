"""Looking for a submission's event in Cloudforce One: one filter, never trusted, then the mark."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from events.cloudflare import Client, Filter
from events.models import State, Submission
from events.outbox.freeze import MARK

PAGE_SIZE = 1_000
# No API's own limit for a page is this small: a page with fewer rows is the last one.
SHORT_PAGE = 20
# A filter that is ignored returns everything; this many events are then looked through by hand.
LOOKED_THROUGH_MOST = 20_000
CANDIDATES_MOST = 50
# Longer texts would not fit a URL that every proxy passes.
FILTER_TEXT_MOST = 500
CONTROLS_MOST = 3
KNOWN_MOST = 20


@dataclass
class Search:
    """What a search found: matching events by uuid, and whether "not found" may be believed."""

    matches: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_conclusive: bool = False
    note: str = ""


def search(submission: Submission, client: Client) -> Search:
    """The events there that carry the mark of `submission`. Raises `ApiError`.

    A search without a match is conclusive only if the whole of what the API gave was looked at,
    and the same query finds an event that is known to be there.
    """
    wire = json.loads(bytes(submission.body or b"{}"))
    wanted = _filter(wire, submission.negatives)
    events, complete = _listed(client, submission.dataset_id, wanted)
    candidates = [event for event in events if _resembles(event, wire)]
    found = Search()
    for event in candidates[:CANDIDATES_MOST]:
        if _carries_mark(client, event, submission):
            found.matches[str(event["uuid"])] = event
    if found.matches:
        return found
    if not complete or len(candidates) > CANDIDATES_MOST:
        found.note = "more events look alike than could be compared"
    elif not _control(client, submission, wanted.field):
        found.note = "the same query did not find an event that is known to be there"
    else:
        found.is_conclusive = True
    return found


def _filter(wire: dict[str, Any], turn: int) -> Filter:
    """One filter: several are written differently by every client, one is unambiguous.

    Each search in vain is followed by one that asks in another way, in case the API keeps one of
    the texts in another form than it was sent.
    """
    texts = [(name, wire.get(name)) for name in ("indicator", "event")]
    usable = [
        Filter(name, "equals", text)
        for name, text in texts
        if isinstance(text, str) and 0 < len(text) <= FILTER_TEXT_MOST
    ]
    return usable[turn % len(usable)] if usable else Filter("category", "equals", wire["category"])


def _listed(client: Client, dataset: str, wanted: Filter) -> tuple[list[dict[str, Any]], bool]:
    """Every event that passes `wanted`, and whether the list was read to its end."""
    events: list[dict[str, Any]] = []
    seen: set[object] = set()
    for page in _pages(client, dataset, wanted):
        before = len(seen)
        seen |= {event.get("uuid") for event in page}
        # An API that ignores the filter returns rows that violate it: they are dropped here.
        events += [event for event in page if _same(event.get(wanted.field), wanted.value)]
        if len(seen) == before or len(seen) >= LOOKED_THROUGH_MOST:
            return events, False
    return events, True


def _pages(client: Client, dataset: str, wanted: Filter) -> Iterator[tuple[dict[str, Any], ...]]:
    """Pages until an empty one; one with less than was asked for need not be the last."""
    cursor, number = None, 1
    while True:
        page = client.list_events(
            dataset_ids=[dataset] if dataset else [],
            filters=[wanted],
            page_size=PAGE_SIZE,
            page=None if cursor else number,
            cursor=cursor,
            force_refresh=True,
        )
        if not page.events:
            return
        yield page.events
        cursor, number = page.cursor, number + 1
        if cursor is None and len(page.events) < SHORT_PAGE:
            return


def _resembles(event: dict[str, Any], wire: dict[str, Any]) -> bool:
    """A cheap comparison before the raw data is read, which alone decides."""
    return _same(event.get("event"), wire.get("event")) and bool(event.get("uuid"))


def _same(one: object, other: object) -> bool:
    """Whether two texts differ in nothing but what an API may tidy up: case, space, form."""
    return isinstance(one, str) and isinstance(other, str) and _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _carries_mark(client: Client, event: dict[str, Any], submission: Submission) -> bool:
    raw = client.read_raw(str(event.get("datasetId") or submission.dataset_id), str(event["uuid"]))
    if raw.data is None:
        return str(submission.pk) in raw.text
    mark = raw.data.get(MARK)
    return isinstance(mark, dict) and mark.get("submission") == str(submission.pk)


def _control(client: Client, submission: Submission, name: str) -> bool:
    """Whether a query of the same kind finds an event that is there for certain."""
    known = chain(islice(_ours(submission, name), 2), _theirs(client, submission, name))
    for uuid, value in islice(known, CONTROLS_MOST):
        events, _ = _listed(client, submission.dataset_id, Filter(name, "equals", value))
        if any(event.get("uuid") == uuid for event in events):
            return True
    return False


Known = Iterator[tuple[str, str]]


def _ours(submission: Submission, name: str) -> Known:
    """(uuid, a text to find it by) of events that were created from here, the newest first.

    The text is the one that was sent, because a text that was sent is what is looked for.
    """
    created = (
        Submission.objects.filter(state=State.CREATED, dataset_id=submission.dataset_id)
        .exclude(pk=submission.pk)
        .order_by("-updated_at")
        .values_list("event_uuid", "body")[:KNOWN_MOST]
    )
    return _usable(((uuid, json.loads(bytes(body or b"{}"))) for uuid, body in created), name)


def _theirs(client: Client, submission: Submission, name: str) -> Known:
    """The same of whatever the API lists. Asks it only when the first one is wanted."""
    dataset = [submission.dataset_id] if submission.dataset_id else []
    listed = client.list_events(dataset_ids=dataset, page_size=KNOWN_MOST, force_refresh=True)
    yield from _usable(((str(event.get("uuid", "")), event) for event in listed.events), name)


def _usable(events: Iterable[tuple[str, dict[str, Any]]], name: str) -> Known:
    for uuid, fields in events:
        value = fields.get(name)
        if uuid and isinstance(value, str) and 0 < len(value) <= FILTER_TEXT_MOST:
            yield uuid, value
