"""The home page: every state has its own place, however much there is of another one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import State, Submission


def fill(user, state, number, minutes=0):
    at = timezone.now() + timedelta(minutes=minutes)
    Submission.objects.bulk_create(
        Submission(
            author=user, author_name=user.username, state=state, created_at=at, updated_at=at
        )
        for _ in range(number)
    )


def home(client):
    return client.get("/").content.decode()


def test_many_newer_drafts_do_not_hide_what_is_urgent(as_ana, ana):
    for state in (State.UNKNOWN, State.DUPLICATED, State.ABSENT, State.REJECTED, State.READY):
        fill(ana, state, 1)
    fill(ana, State.DRAFT, 200, minutes=5)
    page = home(as_ana)
    for title in ("Not known yet", "There more than once", "Not there", "Refused", "Waiting for"):
        assert title in page
    assert "the newest 20 of 200" in page


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, 'Drafts <span class="aside">1<'),
        (20, 'Drafts <span class="aside">20<'),
        (21, "the newest 20 of 21<"),
        (1_000, "the newest 20 of 1,000<"),
        (1_001, "the newest 20 of more than 1,000<"),
    ],
)
def test_each_state_says_how_many_there_are(as_ana, ana, number, words):
    fill(ana, State.DRAFT, number)
    page = home(as_ana)
    assert words in page
    assert page.count('class="state state-draft"') == min(number, 20)


def test_what_others_have_is_not_counted(as_ana, ben):
    fill(ben, State.DRAFT, 30)
    assert "Nothing waits for you." in home(as_ana)
