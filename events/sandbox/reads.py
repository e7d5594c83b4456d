"""The operations that read one event, and what it was created from."""

from events.sandbox.desk import Call, Desk
from events.sandbox.ledger import HeldEvent
from events.sandbox.messages import Answer
from events.sandbox.storing import raw_data, shown
from events.sandbox.writes import held_event, not_found

ACCOUNT_NUMBER = 1234


def read_event(desk: Desk, call: Call) -> Answer:
    """`GET …/dataset/{dataset_id}/events/{event_id}`."""
    return Answer(shown(held_event(desk, call, call.params["dataset_id"]).answer, call.turn))


def read_raw(desk: Desk, call: Call) -> Answer:
    """`GET …/datasets/{dataset_id}/events/{event_id}/raw`; `data` as a map or as JSON text."""
    return _raw(call, held_event(desk, call, call.params["dataset_id"]))


def read_raw_by_id(desk: Desk, call: Call) -> Answer:
    """`GET …/{event_id}/raw/{raw_id}`: the same, for whoever knows the raw data's id."""
    held = held_event(desk, call, None)
    if held.answer["rawId"] != call.params["raw_id"]:
        raise not_found()
    return _raw(call, held)


def _raw(call: Call, held: HeldEvent) -> Answer:
    raw = held.sent["raw"]
    return Answer(
        {
            "id": held.answer["rawId"],
            "accountId": held.sent.get("accountId", ACCOUNT_NUMBER),
            "created": held.created_at,
            "data": raw_data(raw["data"], call.turn),
            "source": raw.get("source", ""),
            "tlp": raw.get("tlp", ""),
        }
    )
