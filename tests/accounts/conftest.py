"""An administrator, and a clock that stands still, so that a slow machine sits no wait out."""

from datetime import UTC, datetime

import pytest

from events import clock
from tests.conftest import make_user


class Still:
    """What `clock.now` says; `pass_by` lets time go by."""

    def __init__(self):
        self.moment = datetime.now(UTC)

    def now(self):
        return self.moment

    def pass_by(self, by):
        self.moment += by


@pytest.fixture
def still(monkeypatch):
    """The clock by which throttles are timed, standing still."""
    made = Still()
    monkeypatch.setattr(clock, "now", made.now)
    return made


@pytest.fixture
def as_vera(db, client):
    """An administrator who is no superuser."""
    client.force_login(make_user("vera", "administrator"))
    return client
