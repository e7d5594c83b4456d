"""Throttles and limits by the database's clock, whatever a machine's own clock says."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events import services
from events.services import throttle
from tests.outbox.support import payload, send

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one machine"),
]


def two_hours_behind(monkeypatch):
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() - timedelta(hours=2))


def test_failed_sign_ins_at_a_machine_that_is_behind_count_at_the_others(db, monkeypatch):
    window = timedelta(minutes=15)
    with monkeypatch.context() as patch:
        two_hours_behind(patch)
        for _ in range(5):
            throttle.hit("someone", limit=5, window=window)
    assert throttle.hit("someone", limit=5, window=window) is not None


def test_the_limit_of_sends_counts_those_at_a_machine_that_is_behind(
    ana, sandbox, settings, monkeypatch
):
    settings.SEND_LIMIT = 3
    two_hours_behind(monkeypatch)
    for number in range(3):
        send(ana, event=payload(f"Event {number}"))
    with pytest.raises(services.TooMany):
        send(ana, event=payload("One too many"))
