"""What the processes of a run do: the request that dies, the person's next steps, the workers.

A role says a line on its pipe for each thing that it acknowledges to its caller.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Min

from events import audit, outbox, services
from events.audit import Actor
from events.models import AuditEntry, State, Submission
from events.payload import EventCreate, Indicator, Raw
from events.services import Person
from tests.killmatrix.boundaries import Trap
from tests.killmatrix.plans import Plan
from tests.killmatrix.processes import Say

ANALYST = "ana"
PENDING = (State.READY, State.SENDING, State.UNKNOWN)
SWEPT = (State.CREATED, State.ABSENT, State.REJECTED)
PATIENCE = 60.0
_STATES = {
    "submission.drafted": {State.DRAFT},
    "submission.taken_back": {State.DRAFT},
    "submission.frozen": {State.READY},
    "submission.deferred": {State.READY},
    "submission.sending": {State.SENDING},
    "submission.created": {State.CREATED},
    "submission.found": {State.CREATED},
    "submission.refused": {State.REJECTED},
    "submission.unknown": {State.UNKNOWN},
    "submission.looked_for": {State.UNKNOWN},
    "submission.looked_again": {State.CREATED},
    "submission.absent": {State.ABSENT},
    "submission.duplicated": {State.DUPLICATED},
}


def person() -> Person:
    """The analyst whose form this is."""
    user = User.objects.get(username=ANALYST)
    return Person(user, Actor(id=user.pk, name=ANALYST, address="192.0.2.7", request_id="matrix"))


def typed(plan: Plan, version: int) -> dict[str, Any]:
    """What the form holds at its first saving (1) and when it is sent (2)."""
    event = plan.text if version == 2 else plan.text[: len(plan.text) // 2]
    rows = [{"indicator_type": "domain", "value": f"{plan.number}.example"}]
    notes = "half a pair \ud83e, NUL \x00, turned \u202e round"
    return {"category": "Domain Resolution", "event": event, "indicators": rows, "notes": notes}


def payload(plan: Plan) -> EventCreate:
    """The event that the form means: one indicator, several, or none."""
    values = [f"{plan.number}-{i}.example" for i in range(plan.number % 3)]
    return EventCreate.with_indicators(
        [Indicator(indicator_type="domain", value=value) for value in values],
        category="Domain Resolution",
        date=datetime(2022, 4, 1, tzinfo=UTC) + timedelta(minutes=plan.number),
        event=plan.text,
        tlp="amber",
        raw=Raw(data={"note": plan.text}),
    )


def post(plan: Plan, say: Say, *, point: str | None) -> None:
    """A browser saves a draft, then posts its form."""
    trap = Trap(point, plan.cut, "draft")
    trap.install()
    ana = person()
    try:
        services.save_draft(person=ana, token=plan.token, typed=typed(plan, 1))
        say("saved 1")
    except services.Conflict as problem:  # a twin was faster
        say(f"conflict: {problem}")
    trap.stage = "freeze"
    _send(plan, ana, say)


def repost(plan: Plan, say: Say) -> None:
    """The same form again: a reload, or a second click."""
    _send(plan, person(), say)


def _send(plan: Plan, ana: Person, say: Say) -> None:
    try:
        services.send(person=ana, token=plan.token, typed=typed(plan, 2), payload=payload(plan))
        say("saved 2")
    except services.Conflict as problem:
        say(f"conflict: {problem}")


def resend(plan: Plan, say: Say) -> None:
    """What was not found there is sent again, because a person says so."""
    trap = Trap(plan.resend_point, plan.cut, "freeze")
    trap.install()
    submission = Submission.objects.get(pk=plan.token)
    try:
        services.send_again(person=person(), submission=submission, reason="it is not there")
    except services.Conflict as problem:
        say(f"conflict: {problem}")
    else:
        say("resent")


def recover(plan: Plan, say: Say, *, point: str | None) -> None:
    """A worker, until nothing is left to do for it."""
    Trap(point, plan.cut, "idle", skip=plan.cut % 3).install()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for moved in outbox.work(services.client()):
            say(moved.state)
        left = _seconds_to_next()
        if left is None:
            return
        time.sleep(min(max(left, 0.02), 0.5))
    say("gave up")


def _seconds_to_next() -> float | None:
    pending = Submission.objects.filter(state__in=PENDING)
    moments = pending.aggregate(lease=Min("lease_until"), due=Min("next_at")).values()
    known = [moment for moment in moments if moment is not None]
    return (min(known) - datetime.now(UTC)).total_seconds() if known else None


def sweep(say: Say) -> None:
    """One sweep: what is created or absent here is compared with what is there."""
    Submission.objects.filter(state__in=SWEPT).update(sweep_at=datetime.now(UTC))
    until = time.monotonic() + PATIENCE
    while Submission.objects.filter(sweep_at__lte=datetime.now(UTC)).exists():
        for _ in outbox.work(services.client()):
            pass
        if time.monotonic() > until:
            say("gave up")
            return
    say("swept")


def know(plan: Plan, say: Say) -> None:
    """An event that is there for certain: searches are controlled by it."""
    row = Indicator(indicator_type="domain", value="known.example")
    submission = services.send(
        person=person(),
        token=plan.token,
        typed=typed(plan, 2),
        payload=EventCreate.with_indicators(
            [row], **payload(plan).model_dump(include={"category", "date", "event", "raw", "tlp"})
        ),
    )
    say(submission.state)


def inspect(say: Say) -> None:
    """The whole log: the chain holds, and the last entry of each submission fits its state."""
    report = audit.verify()
    if not report.is_whole:
        say(f"the chain is broken: {report.fault}")
    states = {str(pk): state for pk, state in Submission.objects.values_list("pk", "state")}
    entries = AuditEntry.objects.order_by("seq").values_list("object_id", "action")
    last = {key: action for key, action in entries if action.startswith("submission.")}
    for key, state in states.items():
        action = last.get(key, "no entry")
        if state not in _STATES.get(action, set()):
            say(f"{key} is {state}, and its last entry is {action}")


def stored(plan: Plan, version: int) -> str:
    """What the column `typed` has to hold, to the byte."""
    return json.dumps(typed(plan, version))


def stranded(token: UUID) -> None:
    """Say on the terminal what is known of a run that went wrong."""
    for entry in AuditEntry.objects.filter(object_id=str(token)).order_by("seq"):
        sys.stderr.write(f"  {entry.at:%H:%M:%S.%f} {entry.body}\n")
