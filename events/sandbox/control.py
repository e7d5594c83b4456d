"""Control requests: change how the sandbox behaves and read its ledger while it runs.

    POST /_sandbox/behave   {"operation": "create", "behaviour": "late", "times": 1, "seconds": 2}
    GET  /_sandbox/behave
    GET  /_sandbox/ledger
    POST /_sandbox/reset    {}

They carry no token. What keeps web pages elsewhere from sending them: the Host header has to name
this machine (DNS rebinding), and JSON content makes a browser ask first, which is refused.
"""

import ipaddress
from typing import Any

from events.sandbox.desk import Desk
from events.sandbox.messages import (
    JSON_TYPE,
    Answer,
    Refusal,
    Reply,
    Request,
    parse_object,
    refuse_field,
    to_reply,
)

CONTROL_PATH = "/_sandbox/"


def is_loopback(host: str) -> bool:
    """Whether a Host header, or an address to listen on, names this machine only."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def control(desk: Desk, request: Request) -> Reply:
    """Obeys a control request."""
    try:
        return to_reply(Answer(_obey(desk, request)), "bare")
    except Refusal as refusal:
        return refusal.to_reply()


def _obey(desk: Desk, request: Request) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and content_type != JSON_TYPE:
        raise Refusal(415, {"message": f"Write Content-Type: {JSON_TYPE}."})
    match request.method, request.path.removeprefix(CONTROL_PATH):
        case "POST", "behave":
            _behave(desk, parse_object(request.body))
            return {"behaviours": desk.behaviours.describe()}
        case "GET", "behave":
            return {"behaviours": desk.behaviours.describe()}
        case "GET", "ledger":
            return _ledger(desk)
        case "POST", "reset":
            desk.reset()
            return {"behaviours": []}
    raise Refusal(404, {"message": "Write behave, ledger or reset, as POST, GET and POST."})


def _behave(desk: Desk, wanted: dict[str, Any]) -> None:
    times, seconds = wanted.get("times"), wanted.get("seconds")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool)):
        raise refuse_field("times", "has to be a whole number; leave it out for always.")
    if seconds is not None and (not isinstance(seconds, int | float) or isinstance(seconds, bool)):
        raise refuse_field("seconds", "has to be a number.")
    operation, name = str(wanted.get("operation", "")), str(wanted.get("behaviour", ""))
    try:
        desk.behaviours.add(operation, name, times, seconds)
    except ValueError as error:
        raise Refusal(400, {"message": str(error)}) from None


def _ledger(desk: Desk) -> dict[str, Any]:
    return {
        "events": [event._asdict() for event in desk.ledger.events()],
        "attempts": [attempt._asdict() for attempt in desk.ledger.attempts()],
        "tally": {key: tally._asdict() for key, tally in desk.ledger.tally().items()},
    }
