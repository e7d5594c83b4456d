"""Recovering: events in Cloudforce One that bear a desk's mark and are not known here.

A database that was restored does not know what was sent after its backup was made. The events are
there, and so are their marks: the lists are walked, what is not known here is read, and the mark
says which submission it was made for.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from events import clock
from events.cloudflare import ApiError, Filter, Page, RateLimited, RawData, Refused
from events.models import Look, State, Submission
from events.outbox import gate
from events.outbox.api import Api
from events.outbox.freeze import MARK, is_mark
from events.outbox.gate import Held
from events.outbox.returned import Event
from events.outbox.search import marks
from events.payload import rfc3339

PAGE_SIZE = 200
UUID_MOST = 64
KNOWN_MOST = 20
# How far before the last entry of a backup a walk begins: so that it meets events that are known.
MARGIN = timedelta(hours=1)
# How far the API's clock may be from ours.
CLOCKS = timedelta(minutes=5)
PAUSE_UNTOLD = 60.0
_BEFORE_ALL = "1970-01-01T00:00:00Z"
_MARK = re.compile(r"submission\W{1,20}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.I)
_ATTEMPT = re.compile(r"attempt\W{1,20}(\d{1,6})", re.I)

T = TypeVar("T")


class Mark(NamedTuple):
    """What a desk wrote into an event: its submission, and which send of it."""

    submission: UUID
    attempt: int


class Found(NamedTuple):
    """An event with a mark that is not known here; `here` is the submission if that is known."""

    uuid: str
    dataset: str
    mark: Mark
    event: Event
    raw: RawData
    here: Submission | None


class Reach(NamedTuple):
    """What is walked: the datasets (the empty one is the API's default), from when on, how far.

    `limit` is how many events are read at most, None for all.
    """

    datasets: tuple[str, ...]
    since: datetime
    limit: int | None = None


class Walk:
    """One walk through the lists. `listed` and `read` count events; `doubts` say what is missing.

    `foreign` are the uuids of events that were read before and bear no mark; the walk adds to them
    through `learn`. `tell` is called after each event that was read. `wait` sleeps.
    """

    def __init__(
        self,
        api: Api,
        reach: Reach,
        *,
        foreign: set[str],
        learn: Callable[[str], None],
        tell: Callable[["Walk"], None],
        wait: Callable[[float], None],
    ) -> None:
        self.listed = self.read = self.skipped = 0
        self.dataset = ""
        self.doubts: list[str] = []
        self._api, self._reach = api, reach
        self._foreign, self._learn = foreign, learn
        self._tell, self._wait = tell, wait
        self._blank = 0

    @property
    def is_whole(self) -> bool:
        """Whether everything was listed and read, for all the API says."""
        return not self.doubts

    def found(self) -> Iterator[Found]:
        """Every event that bears a mark and is not known here. Never raises for the API."""
        try:
            for dataset in self._reach.datasets:
                self.dataset = dataset
                yield from self._in_dataset()
            self._judge_blank()
        except _Stop as stop:
            self.doubts.append(str(stop))
        except Held as held:
            self.doubts.append(held.detail)

    def _in_dataset(self) -> Iterator[Found]:
        seen: set[str] = set()
        try:
            for events in self._pages(self._filters(), seen):
                yield from self._in_page(events)
        except Held:
            raise
        except ApiError as error:
            self._doubt(f"it could not be listed to its end: {error.detail}")
            return
        if self._misses_known(seen):
            self._doubt("the list does not show the events that are known to be there")

    def _filters(self) -> list[Filter]:
        """From when on; nothing if the API does not understand that, so that all is listed."""
        try:
            page = self._list([Filter("createdAt", "gte", _BEFORE_ALL)], page_size=1)
        except Refused as refused:
            if gate.is_access_refused(refused):
                raise
            return []
        since = rfc3339(self._reach.since.replace(microsecond=0))
        return [Filter("createdAt", "gte", since)] if page.events else []

    def _pages(self, filters: list[Filter], seen: set[str]) -> Iterator[list[Event]]:
        """The events by pages until an empty one, each once; a short page need not be the last."""
        cursor, number = None, 1
        while True:
            page = self._list(
                filters,
                page_size=PAGE_SIZE,
                page=None if cursor else number,
                cursor=cursor,
                **({"order_by": "createdAt", "order": "asc"} if filters else {}),
            )
            events = {uuid: event for event in page.events if (uuid := _uuid(event))}
            if not page.is_complete or len(events) < len(page.events):
                self._doubt("the API's answer was incomplete")
            if not page.events:
                return
            fresh = [event for uuid, event in events.items() if uuid not in seen]
            if not fresh:
                self._doubt("the list repeats itself")
                return
            seen.update(events)
            self.listed += len(fresh)
            yield fresh
            cursor, number = page.cursor, number + 1

    def _in_page(self, events: Sequence[Event]) -> Iterator[Found]:
        known = _known({str(event["uuid"]) for event in events})
        for event in events:
            uuid = str(event["uuid"])
            if uuid in known:
                continue
            if uuid in self._foreign:
                self.skipped += 1
                continue
            if self._reach.limit is not None and self.read >= self._reach.limit:
                raise _Stop(f"stopped after {self.read:,} events that were read")
            if (found := self._examined(uuid, event)) is not None:
                yield found
            self._tell(self)

    def _examined(self, uuid: str, event: Event) -> Found | None:
        dataset = str(event.get("datasetId") or self.dataset)
        try:
            raw = self._patiently(partial(self._api.read_raw, dataset, uuid))
        except Held:
            raise
        except ApiError as error:
            self._doubt(f"event {uuid} could not be read: {error.detail}")
            return None
        self.read += 1
        mark = mark_of(raw)
        if mark is not None:
            here = Submission.objects.filter(pk=mark.submission).first()
            is_told = here is not None and _is_on_its_way(here)
            return None if is_told else Found(uuid, dataset, mark, event, raw, here)
        if raw.data is None and MARK in raw.text.lower():
            self._doubt(f"the mark of event {uuid} cannot be read")
        elif raw.data is None and not raw.text:
            self._blank += 1
        else:
            self._learn(uuid)
        return None

    def _judge_blank(self) -> None:
        """Events without raw data are others', if the API is seen to give ours back."""
        if self._blank and not self._gives_marks_back():
            self.doubts.append(
                f"{self._blank:,} events came without raw data, and so did one of this desk's own"
            )

    def _gives_marks_back(self) -> bool:
        created = Submission.objects.filter(state=State.CREATED).exclude(event_uuid="")
        for known in created.exclude(look=Look.GONE).order_by("-updated_at")[:3]:
            dataset = str(known.answer_values.get("datasetId") or known.dataset_id)
            try:
                raw = self._patiently(partial(self._api.read_raw, dataset, known.event_uuid))
            except Held:
                raise
            except ApiError:
                continue
            if marks(raw, str(known.pk)):
                return True
        return False

    def _misses_known(self, seen: set[str]) -> bool:
        """Whether not one of the events that were created from here since then was listed."""
        known = (
            Submission.objects.filter(
                state=State.CREATED,
                dataset_id=self.dataset,
                created_at__gt=self._reach.since + CLOCKS,
            )
            .exclude(look=Look.GONE)
            .order_by("-updated_at")
            .values_list("event_uuid", flat=True)[:KNOWN_MOST]
        )
        return bool(known) and seen.isdisjoint(known)

    def _list(self, filters: list[Filter], **options: Any) -> Page:
        datasets = [self.dataset] if self.dataset else []
        return self._patiently(
            lambda: self._api.list_events(
                dataset_ids=datasets, filters=filters, force_refresh=True, **options
            )
        )

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and wait as long as the API asks to wait; an outage is not waited for."""
        while True:
            try:
                return ask()
            except Held as held:
                if gate.breaker():
                    raise
                self._wait(max((held.until - clock.now()).total_seconds(), 1.0))
            except RateLimited as limited:
                self._wait(min(limited.retry_after or PAUSE_UNTOLD, gate.PAUSE_MOST))

    def _doubt(self, reason: str) -> None:
        where = f"dataset {self.dataset}" if self.dataset else "the default dataset"
        if (doubt := f"{where}: {reason}") not in self.doubts:
            self.doubts.append(doubt)


class _Stop(Exception):
    """The walk ends here; the text says why."""


def mark_of(raw: RawData) -> Mark | None:
    """The mark in raw data, in whatever order, type or case; None if there is none to be read."""
    if raw.data is None:
        _, _, text = raw.text.lower().partition(MARK)
    else:
        # Its own spelling comes first: a second one is not what a desk wrote.
        names = sorted(filter(is_mark, raw.data), key=lambda name: name != MARK)
        text = json.dumps([raw.data[name] for name in names])
    submission, attempt = _MARK.search(text), _ATTEMPT.search(text)
    if submission is None:
        return None
    return Mark(UUID(submission[1]), int(attempt[1]) if attempt else 1)


def _uuid(event: Event) -> str:
    """The event's uuid; empty if it has none that can be kept."""
    uuid = event.get("uuid")
    return uuid if isinstance(uuid, str) and len(uuid) <= UUID_MOST else ""


def _known(uuids: set[str]) -> set[str]:
    """Those of `uuids` that stand in a submission here, be it as one of several."""
    known = set(
        Submission.objects.filter(event_uuid__in=uuids).values_list("event_uuid", flat=True)
    )
    for found in Submission.objects.filter(state=State.DUPLICATED).values_list("found", flat=True):
        known |= uuids.intersection(json.loads(found))
    return known


def _is_on_its_way(submission: Submission) -> bool:
    """Whether a process is sending it right now: the answer names the event in a moment."""
    lease = submission.lease_until
    return submission.state == State.SENDING and lease is not None and lease > clock.now()
