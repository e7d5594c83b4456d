"""The operations that change events: create, bulk create, patch, delete, tags."""

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from events.payload import rfc3339
from events.sandbox.building import Moment, change, hold
from events.sandbox.datasets import DEFAULT_DATASET, Dataset
from events.sandbox.desk import Call, Desk, attempts_of
from events.sandbox.judging import judge_event, parse_moment
from events.sandbox.ledger import ACCEPTED, REFUSED, Attempt, HeldEvent, new_attempt
from events.sandbox.messages import Answer, Refusal, refuse_code, refuse_field, refuse_invalid
from events.sandbox.storing import shown

_EDITABLE = frozenset(
    (
        *("datasetId", "attacker", "attackerCountry", "category", "createdAt", "date", "event"),
        *("indicator", "indicatorType", "insight", "raw", "targetCountry", "targetIndustry", "tlp"),
    )
)


def create(desk: Desk, call: Call) -> Answer:
    """`POST …/events/create`: one event, in the dataset named or the default one."""
    body = call.json()
    judge_event(body, known_names_only=desk.settings.known_names_only)
    dataset = writable(desk, body.get("datasetId", DEFAULT_DATASET.uuid), is_create=True)
    held = hold(body, dataset.uuid, _now(call), call.turn.text)
    desk.ledger.accept([(held, _accepted(call, held))], call.waiting)
    return Answer(shown(held.answer, call.turn))


def create_bulk(desk: Desk, call: Call) -> Answer:
    """`POST …/events/create/bulk`: good events are created, faulty ones are counted and named."""
    body = call.json()
    data, dataset_id = body.get("data"), body.get("datasetId")
    if not isinstance(data, list):
        raise refuse_field("data", "has to be a list of events.")
    if not isinstance(dataset_id, str) or not dataset_id:
        raise refuse_field("datasetId", "is required. Write the uuid of a dataset.")
    dataset = writable(desk, dataset_id, is_create=True)
    held: dict[int, HeldEvent] = {}
    errors = []
    for index, item in enumerate(data):
        try:
            _judge_item(item, desk.settings.known_names_only)
            held[index] = hold(item, dataset.uuid, _now(call), call.turn.text)
        except Refusal as refusal:
            text = " ".join(error["message"] for error in refusal.errors)
            errors.append({"eventIndex": index, "error": text})
    new_tags = _accept_all(desk, call, held)
    return Answer(_bulk_result(held, errors, new_tags, body.get("includeCreatedEvents")), 202)


def edit(desk: Desk, call: Call) -> Answer:
    """`PATCH …/events/{event_id}`: the fields named change; tags and indicators cannot."""
    changes = call.json()
    faults = [f"{name}: cannot be changed here." for name in changes if name not in _EDITABLE]
    if faults:
        raise Refusal(400, *({"message": fault} for fault in faults))
    dataset_id = changes.pop("datasetId", None)
    if not isinstance(dataset_id, str):
        raise refuse_field("datasetId", "is required. Write the uuid of the event's dataset.")
    held = held_event(desk, call, dataset_id)
    writable(desk, dataset_id, is_create=False)
    created_at = _created_at(changes.pop("createdAt", None))
    merged = _with_one_indicator(held.sent, changes)
    judge_event(merged, known_names_only=desk.settings.known_names_only)
    changed = change(held, merged, created_at, call.turn.text)
    desk.ledger.replace(changed)
    return Answer(shown(changed.answer, call.turn))


def delete_events(desk: Desk, call: Call) -> Answer:
    """`DELETE …/datasets/{dataset_id}/events?eventIds=`: how many of those named were there."""
    wanted = call.query.get("eventIds", [])
    if not wanted or not all(wanted):
        raise refuse_invalid("eventIds", "is required. Write the uuids of events.")
    dataset = writable(desk, call.params["dataset_id"], is_create=False)
    return Answer(desk.ledger.delete(dataset.uuid, wanted))


def add_tags(desk: Desk, call: Call) -> Answer:
    """`POST …/event_tag/{event_id}/create`: adds tags that the event does not bear yet."""
    held, tags = _event_and_tags(desk, call)
    return _retag(desk, held, list(dict.fromkeys([*held.answer["tags"], *tags])))


def delete_tags(desk: Desk, call: Call) -> Answer:
    """`DELETE …/event_tag/{event_id}`: removes those of the tags that the event bears."""
    held, tags = _event_and_tags(desk, call)
    return _retag(desk, held, [tag for tag in held.answer["tags"] if tag not in tags])


def writable(desk: Desk, dataset_id: str, *, is_create: bool) -> Dataset:
    """The dataset, if it takes a create (or an edit). Raises `Refusal` 403 or 404."""
    dataset = desk.ledger.dataset(dataset_id)
    if dataset is None or dataset.deleted_at:
        raise refuse_code(404, 7003, f"datasetId: there is no dataset {dataset_id}.")
    if dataset.write_mode == "read_only" or (dataset.write_mode != "full" and not is_create):
        raise refuse_field("datasetId", f"{dataset.name} is {dataset.write_mode}.", status=403)
    return dataset


def held_event(desk: Desk, call: Call, dataset_id: str | None) -> HeldEvent:
    """The event named in the path, if it is in that dataset. Raises `Refusal` 404."""
    held = desk.ledger.event(call.params["event_id"])
    if held is None or dataset_id not in {None, held.dataset_id}:
        raise not_found()
    return held


def not_found() -> Refusal:
    """The refusal that Threat Events gives for an event that is not there."""
    return Refusal(404, {"message": "Event not found"})


def _now(call: Call) -> Moment:
    now = time.time()
    there = datetime.fromtimestamp(now + call.turn.clock.seconds, UTC)
    return Moment(now, rfc3339(there))


def _accepted(call: Call, held: HeldEvent) -> Attempt:
    behaviour, marks = call.turn.conduct.name, (held.submission, held.attempt)
    attempt = new_attempt(call.operation.name, marks, behaviour, ACCEPTED, call.operation.status)
    return attempt._replace(event=held.uuid)


def _judge_item(item: Any, known_names_only: bool) -> None:
    if not isinstance(item, Mapping):
        raise Refusal(400, {"message": "data: an event has to be an object."})
    judge_event(item, known_names_only=known_names_only, is_bulk=True)


def _accept_all(desk: Desk, call: Call, held: Mapping[int, HeldEvent]) -> int:
    """A faulty event in the bulk is an attempt, too: it came, and was refused."""
    arrived = enumerate(attempts_of(call, call.turn.conduct.name, REFUSED, call.operation.status))
    refused = [attempt for index, attempt in arrived if index not in held]
    pairs = [(event, _accepted(call, event)) for event in held.values()]
    return desk.ledger.accept(pairs, call.waiting, refused)


def _bulk_result(
    held: Mapping[int, HeldEvent], errors: list[dict[str, Any]], new_tags: int, is_full: object
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "createdEventsCount": len(held),
        "createdTagsCount": new_tags,
        "errorCount": len(errors),
        "queuedIndicatorsCount": sum(len(event.indicators) for event in held.values()),
        "createBulkEventsRequestId": str(uuid.uuid4()),
    }
    if errors:
        result["errors"] = errors
    if is_full is True:
        result["createdEvents"] = [
            {"eventIndex": index, "shardId": event.dataset_id, "uuid": event.uuid}
            for index, event in held.items()
        ]
    return result


def _created_at(text: Any) -> str | None:
    if text is None:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise refuse_field("createdAt", "has to be a time such as 2022-04-01T00:00:00Z.")
    return rfc3339(moment)


def _with_one_indicator(sent: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Naming `indicator` or its type changes the first row; the others stay as they are."""
    merged = {**sent, **changes}
    if isinstance(changes.get("raw"), Mapping):
        merged["raw"] = {**sent["raw"], **changes["raw"]}
    rows = sent.get("indicators")
    if rows:
        first = dict(rows[0])
        first["value"] = merged.pop("indicator", first["value"])
        first["indicatorType"] = merged.pop("indicatorType", first["indicatorType"])
        merged["indicators"] = [first, *rows[1:]]
    return merged


def _event_and_tags(desk: Desk, call: Call) -> tuple[HeldEvent, list[str]]:
    tags = call.json().get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag for tag in tags):
        raise refuse_field("tags", "has to be a list of texts.")
    held = held_event(desk, call, None)
    writable(desk, held.dataset_id, is_create=False)
    return held, tags


def _retag(desk: Desk, held: HeldEvent, tags: list[str]) -> Answer:
    desk.ledger.replace(held._replace(answer={**held.answer, "tags": tags}))
    return Answer({"success": True}, shape="envelope")
