"""Looking again: whether a created event is still as it was sent, changed there, or gone."""

import json
from typing import Any, NamedTuple

from django.db import transaction

from events import audit, clock
from events.cloudflare import ApiError, Filter, Page, Refused
from events.models import Look, Submission
from events.outbox.api import Api
from events.outbox.returned import strictest, told_marking_of
from events.outbox.search import EVERYWHERE
from events.outbox.transitions import Lost, fact, touch
from events.payload import Tlp

# What an analyst sent, by its names in the API's answers; the other fields are Cloudflare's own.
SENT_FIELDS = (
    *("category", "date", "event", "insight", "tlp", "attacker", "attackerCountry"),
    *("targetCountry", "targetIndustry", "indicator", "indicatorType", "tags", "datasetId"),
)
# What Cloudforce One fills in for events that were sent without.
_FILLED_IN = frozenset({"date", "datasetId", "indicator", "indicatorType"})


class _Seen(NamedTuple):
    """What a look showed: `changes` are the names of the fields that differ, `tlp` is its label."""

    look: Look
    changes: tuple[str, ...] = ()
    tlp: Tlp | None = None


def look(submission: Submission, *, api: Api, actor: audit.Actor) -> Submission:
    """Read the event of a CREATED submission there, and record what became of it.

    A label that is stricter there counts here too. Trouble with the API changes nothing and is not
    recorded; see `look_or_raise`.
    """
    try:
        return look_or_raise(submission, api=api, actor=actor)
    except ApiError:
        return submission


def look_or_raise(submission: Submission, *, api: Api, actor: audit.Actor) -> Submission:
    """As `look`; raises `ApiError` if the API did not say."""
    seen = _seen(submission, api)
    changes = ", ".join(seen.changes)
    try:
        with transaction.atomic(durable=True):
            touch(
                submission,
                look=seen.look,
                look_changes=changes,
                looked_at=clock.now(),
                # What became stricter there is no longer for those who may have the weaker one.
                tlp=strictest(submission.marking, seen.tlp).value,
            )
            audit.append(
                fact(
                    submission,
                    "submission.looked_again",
                    actor,
                    outcome="ok" if seen.look is Look.SAME else "failed",
                    reason=": ".join(filter(None, (seen.look.label.lower(), changes))),
                )
            )
    except Lost:
        submission.refresh_from_db()
    return submission


def _seen(submission: Submission, api: Api) -> _Seen:
    created = submission.answer_values
    dataset = str(created.get("datasetId") or submission.dataset_id)
    event = _read(api, dataset, submission.event_uuid)
    if event is None:
        return _Seen(Look.GONE)
    sent = _sent(submission) | created
    names = [name for name in SENT_FIELDS if name in sent or name not in _FILLED_IN]
    changes = tuple(name for name in names if _differs(name, sent.get(name), event.get(name)))
    return _Seen(Look.CHANGED if changes else Look.SAME, changes, told_marking_of(event))


def _read(api: Api, dataset: str, uuid: str) -> dict[str, Any] | None:
    """The event as it is there, wherever it was moved to; None if it is nowhere.

    "Nowhere" takes two answers: that it is not where it was created, and that a whole list of all
    datasets does not have it, which has another event that is asked for in the same way. Raises
    `ApiError`.
    """
    if dataset:
        try:
            return api.read_event(dataset, uuid)
        except Refused as refused:
            if refused.status != 404:
                raise
    page = _named(api, uuid)
    found = next((dict(event) for event in page.events if _is(event, uuid)), None)
    if found is None and (page.events or not page.is_complete or not _finds_another(api, uuid)):
        raise ApiError("It is not said whether the event is gone: the list does not tell.")
    return found


def _named(api: Api, uuid: str) -> Page:
    """The events of this uuid, in all datasets."""
    return api.list_events(
        dataset_ids=EVERYWHERE,
        filters=[Filter("uuid", "equals", uuid)],
        page_size=1,
        force_refresh=True,
    )


def _finds_another(api: Api, uuid: str) -> bool:
    """Whether an event that the API lists is found by its uuid."""
    listed = api.list_events(dataset_ids=EVERYWHERE, page_size=2, force_refresh=True)
    others = [str(event.get("uuid")) for event in listed.events if not _is(event, uuid)]
    return bool(others) and any(_is(event, others[0]) for event in _named(api, others[0]).events)


def _is(event: dict[str, Any], uuid: str) -> bool:
    return str(event.get("uuid")).lower() == uuid.lower()


def _sent(submission: Submission) -> dict[str, Any]:
    """What was sent, as far as the API shows it under the same name."""
    wire = json.loads(bytes(submission.body or b"{}"))
    return {name: wire[name] for name in SENT_FIELDS if name in wire and name != "date"}


def _differs(name: str, before: Any, after: Any) -> bool:
    """Labels may come back in another case, lists in another order."""
    if name == "tlp":
        return str(before).casefold() != str(after).casefold()
    if isinstance(before, list) and isinstance(after, list):
        return sorted(map(str, before)) != sorted(map(str, after))
    return bool(before != after) and bool(before or after)
