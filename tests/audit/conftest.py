"""Fixtures of the audit log's tests."""

import pytest

from events import audit


@pytest.fixture
def chain(db: None) -> tuple[audit.Fact, ...]:
    """Six entries; the second and the fifth carry texts."""
    ana = audit.Actor(7, "ana", "192.0.2.7", "0123456789abcdef0123456789abcdef")
    facts = (
        audit.Fact("session.signed_in", ana),
        audit.Fact(
            "submission.frozen",
            ana,
            object_id="2f0d3b8e-6f55-4d6c-9a3c-0d8a5a2b7c11",
            tlp="amber",
            attachments={"payload": '{"event":"A"}', "note": "kept beside it"},
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
