"""Sending, working and letting time pass, for tests that judge by the sandbox's ledger."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import requests
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F

from events import audit, outbox, services
from events.audit import Actor
from events.cloudflare import Client
from events.models import ApiGate, AuditEntry, State, Submission, Throttle
from events.outbox import gate
from events.payload import EventCreate, Indicator, Raw
from events.sandbox import Sandbox
from events.sandbox.messages import Request
from events.services import Person

TYPED = {
    "category": "Domain Resolution",
    "event": "An attacker registered domain.com",
    "tlp": "amber",
    "indicators": [{"indicator_type": "domain", "value": "domain.com"}],
}
MOMENTS = ("created_at", "updated_at", "lease_until", "next_at", "unknown_since")
MOMENTS += ("sweep_at", "searched_at", "looked_at")
GATE_MOMENTS = ("paused_until", "opened_at", "probe_at", "trial_at", "look_before")


class Death(BaseException):
    """The process ends here: nothing of the product catches this."""


@dataclass
class Fate:
    """Whether a process dies around its creates, and the bodies that it meant to send."""

    dies: str = ""
    bodies: list[bytes] = field(default_factory=list)


def person(user: User) -> Person:
    """`user` as the services know people."""
    return Person(user, Actor(id=user.pk, name=user.username, address="192.0.2.7", request_id="r"))


def payload(event: str = "An attacker registered domain.com", value: str = "domain.com", **more):
    """An event with one indicator, or none for an empty `value`."""
    fields = {
        "category": "Domain Resolution",
        "date": datetime(2022, 4, 1, tzinfo=UTC),
        "event": event,
        "tlp": "amber",
        "raw": Raw(data={}),
    }
    rows = [Indicator(indicator_type="domain", value=value)] if value else []
    return EventCreate.with_indicators(rows, **fields | more)


def send(user: User, token: UUID | None = None, event: EventCreate | None = None, **more):
    """Send a form."""
    return services.send(
        person=person(user),
        token=token or uuid4(),
        typed=TYPED,
        payload=event or payload(),
        **more,
    )


def send_and_die(user: User, fate: Fate, dies: str, event: EventCreate | None = None) -> Submission:
    """A send whose process dies before or after the request; what the next process sees of it."""
    token, fate.dies = uuid4(), dies
    try:
        send(user, token, event)
    except Death:
        pass
    else:
        raise AssertionError("the process did not die")
    finally:
        fate.dies = ""
    return Submission.objects.get(pk=token)


def work() -> list[Submission]:
    """One round of a worker."""
    return list(outbox.work(services.client()))


def pass_time(**amount: float) -> None:
    """Let time pass: whatever has a time in the database lies that much further back."""
    back = timedelta(**amount)
    Submission.objects.update(**{name: F(name) - back for name in MOMENTS})
    Throttle.objects.update(since=F("since") - back)
    ApiGate.objects.update(**{name: F(name) - back for name in GATE_MOMENTS})
    gate.forget()


def log_of_waiting(submissions: list[Submission]) -> list[Submission]:
    """Give rows that were made by hand the entries of events that were locked and wait."""
    worker = Actor.system("worker")
    facts = [
        (
            outbox.fact(each, "submission.frozen", worker, attachments=_payload(each)),
            outbox.fact(each, "submission.deferred", worker, outcome="failed"),
        )
        for each in submissions
    ]
    audit.record(*(one for pair in facts for one in pair))
    return submissions


def _payload(submission: Submission) -> dict[str, str]:
    return {"payload": bytes(submission.body or b"").decode()}


def creates(sandbox: Sandbox) -> list[bytes]:
    """The bodies of all creates that arrived."""
    return [request.body for request in sandbox.requests if request.path.endswith("/create")]


def looks(sandbox: Sandbox) -> int:
    """How often the usual event was looked for."""
    wanted = {"field": "event", "op": "equals", "value": TYPED["event"]}
    return sum(wanted in asked for asked in filters(sandbox))


def filters(sandbox: Sandbox) -> list[list[dict[str, str]]]:
    """The filters of all lists that were asked for, in order."""
    return [_filters(each) for each in sandbox.requests if each.path.endswith("/events")]


def _filters(request: Request) -> list[dict[str, str]]:
    if request.method == "POST":
        return json.loads(request.body).get("search", [])
    query = parse_qs(request.query)
    if "search" in query:
        return json.loads(query["search"][0])
    parts = [query.get(f"search.{name}", []) for name in ("field", "op", "value")]
    return [
        dict(zip(("field", "op", "value"), each, strict=True)) for each in zip(*parts, strict=True)
    ]


def carry_out(sandbox: Sandbox, body: bytes) -> str:
    """The API carries out a create after all; its uuid."""
    url = f"{sandbox.base_url}/accounts/sandbox/cloudforce-one/events/create"
    headers = {"Authorization": "Bearer sandbox-token", "Content-Type": "application/json"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(url, data=body, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["uuid"])


def held(sandbox: Sandbox, submission: Submission) -> list[str]:
    """The uuids of the events there that carry the submission's mark."""
    return [event.uuid for event in sandbox.ledger.events(str(submission.pk))]


def actions(submission: Submission) -> list[str]:
    """What the log says of it, in order."""
    entries = AuditEntry.objects.filter(object_id=str(submission.pk)).order_by("seq")
    return [
        action.removeprefix("submission.") for action in entries.values_list("action", flat=True)
    ]


def stored_text(submission: Submission) -> str:
    """The column `typed`, as the database has it."""
    pk = submission.pk.hex if connection.vendor == "sqlite" else submission.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT typed FROM events_submission WHERE id = %s", [pk])
        return str(cursor.fetchone()[0])


def unknown(ana, sandbox, behaviour="drop-before", event=None):
    """A send whose outcome is unknown: the API behaves as told, once."""
    sandbox.behave("create", behaviour, times=1)
    submission = send(ana, event=event)
    assert submission.state == State.UNKNOWN
    return submission


def state(submission):
    """Its state as it is stored."""
    return Submission.objects.get(pk=submission.pk).state


def reasons(submission):
    """The bodies of its entries in the log, in order."""
    entries = AuditEntry.objects.filter(object_id=str(submission.pk)).order_by("seq")
    return [entry.body for entry in entries]


def wrapped_list(monkeypatch, change):
    """The API's list, changed on its way."""
    original = Client.list_events

    def list_events(client, **query):
        return change(original, client, query)

    monkeypatch.setattr(Client, "list_events", list_events)
