"""The control that must fail: one transaction around everything, and retries like an SDK's."""

import json

from django.db import IntegrityError, transaction
from django.utils import timezone

from events import outbox, services
from events.cloudflare import ApiError, Client, Created, Refused
from events.models import State, Submission
from tests.killmatrix.boundaries import Trap
from tests.killmatrix.plans import Plan
from tests.killmatrix.processes import Say
from tests.killmatrix.victim import payload, person, typed

RETRIES = 2


def post(plan: Plan, say: Say, *, point: str | None) -> None:
    """Save, send and record in one transaction; the same form again finds what was recorded."""
    Trap(point, plan.cut, "settle").install()
    try:
        with transaction.atomic():
            if not Submission.objects.filter(pk=plan.token).exists():
                _send(plan)
        say("saved 2")
    except IntegrityError as error:
        say(f"an error page: {error}")


def _send(plan: Plan) -> None:
    ana, now = person(), timezone.now()
    draft = Submission(
        id=plan.token,
        author=ana.user,
        author_name=ana.actor.name,
        created_at=now,
        updated_at=now,
        typed=json.dumps(typed(plan, 2)),
    )
    for name, value in outbox.frozen(payload(plan), draft).items():
        setattr(draft, name, value)
    draft.save(force_insert=True)
    created = _create(services.client(), draft.body)
    draft.state = State.CREATED if created else State.REJECTED
    draft.event_uuid = created.uuid if created else ""
    draft.save()


def _create(client: Client, body: bytes) -> Created | None:
    for _ in range(1 + RETRIES):
        try:
            return client.create_event(body)
        except Refused:
            return None
        except ApiError:
            continue
    return None
