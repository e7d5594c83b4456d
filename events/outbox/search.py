"""Looking for a submission's event in Cloudforce One: one filter, never trusted, then the mark."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from events.cloudflare import Client, Filter
from events.models import State, Submission
from events.outbox.freeze import MARK

PAGE_SIZE = 1_000
# A filter that is ignored returns everything; this many events are then looked through by hand.
LOOKED_THROUGH_MOST = 20_000
CANDIDATES_MOST = 50
# Longer texts would not fit a URL that every proxy passes.
FILTER_TEXT_MOST = 500


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
    wanted = _filter(wire)
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


def _filter(wire: dict[str, Any]) -> Filter:
    """One filter: several are written differently by every client, one is unambiguous."""
    event = str(wire.get("event", ""))
    if "indicator" in wire and len(wire["indicator"]) <= FILTER_TEXT_MOST:
        return Filter("indicator", "equals", wire["indicator"])
    if len(event) <= FILTER_TEXT_MOST:
        return Filter("event", "equals", event)
    return Filter("category", "equals", wire["category"])


def _listed(client: Client, dataset: str, wanted: Filter) -> tuple[list[dict[str, Any]], bool]:
    """Every event that passes `wanted`, and whether the list was read to its end."""
    events: list[dict[str, Any]] = []
    looked_through = 0
    for page in _pages(client, dataset, wanted):
        looked_through += len(page)
        # An API that ignores the filter returns rows that violate it: they are dropped here.
        events += [event for event in page if event.get(wanted.field) == wanted.value]
        if looked_through >= LOOKED_THROUGH_MOST:
            return events, False
    return events, True


def _pages(client: Client, dataset: str, wanted: Filter) -> Iterator[tuple[dict[str, Any], ...]]:
    cursor, number, last = None, 1, ""
    while True:
        page = client.list_events(
            dataset_ids=[dataset] if dataset else [],
            filters=[wanted],
            page_size=PAGE_SIZE,
            page=None if cursor else number,
            cursor=cursor,
            force_refresh=True,
        )
        yield page.events
        first = str(page.events[0].get("uuid", "")) if page.events else ""
        if len(page.events) < PAGE_SIZE or first == last:
            return
        cursor, number, last = page.cursor, number + 1, first


def _resembles(event: dict[str, Any], wire: dict[str, Any]) -> bool:
    """A cheap comparison before the raw data is read: the API keeps the text as it is."""
    return event.get("event") == wire.get("event") and bool(event.get("uuid"))


def _carries_mark(client: Client, event: dict[str, Any], submission: Submission) -> bool:
    raw = client.read_raw(str(event.get("datasetId") or submission.dataset_id), str(event["uuid"]))
    mark = (raw.data or {}).get(MARK)
    return isinstance(mark, dict) and mark.get("submission") == str(submission.pk)


def _control(client: Client, submission: Submission, name: str) -> bool:
    """Whether a query of the same kind finds an event that is there for certain.

    The known event is the last one created from here into the same dataset, else any event that
    the API lists.
    """
    known = _known_event(client, submission)
    value = known.get(name)
    if not isinstance(value, str) or not value or len(value) > FILTER_TEXT_MOST:
        return False
    events, _ = _listed(client, submission.dataset_id, Filter(name, "equals", value))
    return any(event.get("uuid") == known.get("uuid") for event in events)


def _known_event(client: Client, submission: Submission) -> dict[str, Any]:
    ours = (
        Submission.objects.filter(state=State.CREATED, dataset_id=submission.dataset_id)
        .exclude(answer="")
        .order_by("-updated_at")
        .first()
    )
    if ours is not None:
        return ours.answer_values
    dataset = [submission.dataset_id] if submission.dataset_id else []
    listed = client.list_events(dataset_ids=dataset, page_size=1, force_refresh=True).events
    return dict(listed[0]) if listed else {}
