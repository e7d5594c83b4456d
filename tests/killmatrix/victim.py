"""What the processes of a run do: the request that dies, the person's next steps, the workers.

A role says a line on its pipe for each thing that it acknowledges to its caller.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.db.models import Min

from events import audit, outbox, services
from events.audit import Actor
from events.cloudflare import ApiError
from events.models import AuditEntry, State, Submission
from events.outbox import gate
from events.payload import EventCreate, Indicator, Raw
from events.services import Person
from tests.killmatrix.boundaries import Trap
from tests.killmatrix.plans import Plan
from tests.killmatrix.processes import Say

ANALYST = "ana"
PENDING = (State.READY, State.SENDING, State.UNKNOWN)
SWEPT = (State.CREATED, State.ABSENT, State.REJECTED)
PATIENCE = 30.0
STAND_BY = 1.0
# What each entry leads to; others say something that leads nowhere.
_STATES = {
    "submission.drafted": State.DRAFT,
    "submission.taken_back": State.DRAFT,
    "submission.frozen": State.READY,
    "submission.sent_again": State.READY,
    "submission.deferred": State.READY,
    "submission.sending": State.SENDING,
    "submission.created": State.CREATED,
    "submission.found": State.CREATED,
    "submission.refused": State.REJECTED,
    "submission.unknown": State.UNKNOWN,
    "submission.absent": State.ABSENT,
    "submission.duplicated": State.DUPLICATED,
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
    values = [f"{plan.like}-{i}.example" for i in range(plan.like % 3)]
    return EventCreate.with_indicators(
        [Indicator(indicator_type="domain", value=value) for value in values],
        category="Domain Resolution",
        date=datetime(2022, 4, 1, tzinfo=UTC) + timedelta(minutes=plan.like),
        event=plan.text,
        tlp="amber",
        raw=Raw(data={"note": plan.text}),
    )


def post(plan: Plan, say: Say, *, point: str | None) -> None:
    """A browser saves a draft, then posts its form."""
    trap = Trap(point, plan.cut, "draft", trouble=plan.trouble)
    trap.install()
    ana = person()
    with _troubled(trap, say):
        services.save_draft(person=ana, token=plan.token, typed=typed(plan, 1))
        say("saved 1")
    trap.now.stage = "freeze"
    with _troubled(trap, say):
        _send(plan, ana, say)


def repost(plan: Plan, say: Say) -> None:
    """The same form again: a reload, or a second click."""
    with _troubled(None, say):
        _send(plan, person(), say)


def _send(plan: Plan, ana: Person, say: Say) -> None:
    services.send(person=ana, token=plan.token, typed=typed(plan, 2), payload=payload(plan))
    say("saved 2")


@contextmanager
def _troubled(trap: Trap | None, say: Say) -> Iterator[None]:
    """A page that tells of a conflict, or that the database is away if its connection was cut.

    Any other trouble with the database ends this process, and with it the matrix.
    """
    try:
        yield
    except services.Conflict as problem:  # a twin was faster
        say(f"conflict: {problem}")
    except DatabaseError as error:
        if trap is None or not trap.has_cut:
            raise
        connection.close()
        say(f"an error page: {error}")


def resend(plan: Plan, say: Say) -> None:
    """What was not found there is sent again, because a person says so."""
    trap = Trap(plan.resend_point, plan.cut, "freeze")
    trap.install()
    submission = Submission.objects.get(pk=plan.token)
    with _troubled(trap, say):
        services.send_again(person=person(), submission=submission, reason="it is not there")
        say("resent")


def find_away(say: Say) -> None:
    """Somebody finds out that the API is away, before the form is posted."""
    api = outbox.Api(services.client())
    for _ in range(gate.FAILURES_MOST):
        with suppress(ApiError):
            api.list_events(page_size=1)
    say("away" if gate.breaker() else "not away")


def stand_by(plan: Plan, say: Say) -> None:
    """A worker beside a post: it takes up what the post leaves lying."""
    until = time.monotonic() + STAND_BY
    while time.monotonic() < until and not _is_sending(plan):
        time.sleep(0.05)
    recover(plan, say, point=None)


def _is_sending(plan: Plan) -> bool:
    return Submission.objects.filter(pk=plan.token, state=State.SENDING).exists()


def recover(plan: Plan, say: Say, *, point: str | None) -> None:
    """A worker, until nothing is left to do for it."""
    trap = Trap(point, plan.cut, "idle", skip=plan.cut % 3, trouble=plan.trouble._replace(stall=0))
    trap.install()
    crew = outbox.Crew(plan.crew)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with _troubled(trap, say):
            for moved in outbox.work(services.client(), crew):
                say(moved.state)
            left = _seconds_to_next()
            if left is None:
                crew.close()
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
    entries = AuditEntry.objects.filter(action__in=_STATES).order_by("seq")
    last = dict(entries.values_list("object_id", "action"))
    for key, state in states.items():
        action = last.get(key, "no entry")
        if _STATES.get(action) != state:
            say(f"{key} is {state}, and its last entry is {action}")


def stored(plan: Plan, version: int) -> str:
    """What the column `typed` has to hold, to the byte."""
    return json.dumps(typed(plan, version))


def stranded(token: UUID) -> None:
    """Say on the terminal what is known of a run that went wrong."""
    for entry in AuditEntry.objects.filter(object_id=str(token)).order_by("seq"):
        reason = json.loads(entry.body)["reason"]
        sys.stderr.write(f"  {entry.at:%H:%M:%S.%f} {entry.actor} {entry.action} {reason}\n")
