"""Fixtures of the audit log's tests."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from events import audit
from events.models import State, Submission
from events.payload import sha256

EVENT = "2f0d3b8e-6f55-4d6c-9a3c-0d8a5a2b7c11"
PAYLOAD = '{"date":"2026-11-25T08:00:00Z","event":"A"}'


@pytest.fixture
def chain(db: None) -> tuple[audit.Fact, ...]:
    """Six entries; the second and the fifth carry texts. The event of the second is there."""
    at = datetime(2026, 11, 25, 8, tzinfo=UTC)
    Submission.objects.create(
        id=UUID(EVENT),
        state=State.READY,
        tlp="amber",
        event="A",
        event_date=at,
        created_at=at,
        updated_at=at,
        body=PAYLOAD.encode(),
        body_sha256=sha256(PAYLOAD.encode()),
    )
    ana = audit.Actor(7, "ana", "192.0.2.7", "0123456789abcdef0123456789abcdef")
    facts = (
        audit.Fact("session.signed_in", ana),
        audit.Fact(
            "submission.frozen",
            ana,
            object_id=EVENT,
            tlp="amber",
            attachments={"payload": PAYLOAD, "note": "kept beside it"},
        ),
        audit.Fact("submission.sending", ana, tlp="amber", attempt=1),
        audit.Fact("access.denied", ana, outcome="denied", reason="GET /admin/"),
        audit.Fact(
            "submission.created",
            audit.Actor.system("deliver"),
            tlp="red",
            attempt=1,
            status=200,
            cf_ray="8f-FRA",
            attachments={"answer": '{"uuid":"x"}'},
        ),
        audit.Fact("session.signed_out", ana),
    )
    audit.record(*facts)
    return facts
