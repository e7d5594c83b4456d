"""What a person may do with an event that waits: no more than it needs."""

import pytest

from events import services
from events.models import State, Submission
from events.outbox import history
from tests.outbox.support import person, send


@pytest.fixture
def waiting(ana, sandbox):
    sandbox.behave("create", "429", times=1, seconds=60)
    submission = send(ana)
    assert submission.state == State.READY
    assert submission.next_at
    return submission


def declare(ana, submission):
    return services.declare_unsent(person=person(ana), submission=submission, reason="looked")


def test_what_is_tried_by_itself_is_not_hurried(ana, waiting):
    with pytest.raises(services.Conflict, match="tried by itself"):
        services.try_now(person=person(ana), submission=waiting)
    Submission.objects.filter(pk=waiting.pk).update(next_at=None)
    waiting.refresh_from_db()
    assert services.try_now(person=person(ana), submission=waiting).next_at


def test_only_what_a_copy_may_have_sent_is_declared_unsent(ana, waiting):
    with pytest.raises(services.Conflict, match="not held back"):
        declare(ana, waiting)
    history.hold("a test")
    assert declare(ana, waiting).searched_at
    with pytest.raises(services.Conflict):
        declare(ana, waiting)
