"""An event and its correction: what each page says of both, and to whom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import clock
from events.models import Heartbeat, State, Submission

FIRST, SECOND = "11111111-aaaa", "22222222-bbbb"


@pytest.fixture
def make(ana):
    """`make(state, event, **columns)`: a submission of Ana's, each later than the last."""
    made = []

    def make(state, event, **columns):
        at = timezone.now() + timedelta(seconds=len(made))
        made.append(
            Submission.objects.create(
                author=ana,
                author_name="ana",
                state=state,
                event=event,
                created_at=at,
                updated_at=at,
                **columns,
            )
        )
        return made[-1]

    return make


@pytest.fixture
def refused(make):
    """Refused, but an earlier send may exist."""
    at = timezone.now()
    return make(
        State.REJECTED, "THE FIRST", unknown_since=at, sweep_at=at + timedelta(hours=6), tlp="green"
    )


@pytest.fixture
def both(make):
    """An event and its correction, both there."""
    first = make(State.CREATED, "THE FIRST", event_uuid=FIRST, tlp="green")
    return first, make(State.CREATED, "THE SECOND", event_uuid=SECOND, corrects=first, tlp="green")


def page(client, submission):
    return client.get(f"/events/{submission.pk}/").content.decode()


def test_an_earlier_send_that_may_exist_is_told_everywhere(as_ana, refused):
    home = as_ana.get("/").content.decode()
    assert "Refused, but an earlier send may exist" in home
    assert "Look in Cloudforce One before you correct it" in home
    assert "Refused: correct and send again" not in home
    for listed in (home, as_ana.get("/events/").content.decode()):
        assert "earlier send may exist</span>" in listed
    assert "30 days after" not in page(as_ana, refused)
    Heartbeat.objects.create(pk=1, at=clock.now())
    said = page(as_ana, refused)
    assert f"{refused.sweep_at:%Y-%m-%d %H:%M} UTC" in said
    assert "30 days after it was refused" in said


def test_what_is_refused_without_doubt_stays_where_it_was(as_ana, make):
    make(State.REJECTED, "PLAIN")
    home = as_ana.get("/").content.decode()
    assert "Refused: correct and send again" in home
    assert "earlier send may exist" not in home


def test_both_there_is_told_on_both_pages_and_at_home(as_ana, both):
    for submission in both:
        said = page(as_ana, submission)
        assert "Cloudforce One holds this twice" in said
        assert FIRST in said
        assert SECOND in said
        assert "which should go" in said
        assert "once." not in said
        assert "Copy into a new draft" not in said
    home = as_ana.get("/").content.decode()
    assert "There more than once" in home
    assert "Refused, but" not in home
    assert as_ana.get("/events/").content.decode().count("there twice") == 2


def test_a_correction_of_what_is_not_there_is_there_once(as_ana, make, refused):
    correction = make(State.CREATED, "THE SECOND", event_uuid=SECOND, corrects=refused)
    said = page(as_ana, correction)
    assert "once." in said
    assert "twice" not in said
    assert "THE FIRST</a>, which was refused. An earlier send of that may still exist." in said
    assert "There more than once" not in as_ana.get("/").content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.DRAFT, "A correction is being written: "),
        (State.READY, "It was corrected in "),
        (State.CREATED, "It was corrected in "),
    ],
)
def test_the_line_about_the_correction_follows_its_state(as_ana, make, refused, state, words):
    make(state, "THE SECOND", corrects=refused)
    said = page(as_ana, refused)
    assert words in said
    assert "THE SECOND</a>" in said
    assert "Correct it in a new event" not in said


def test_a_correction_that_was_discarded_is_not_named(as_ana, make, refused):
    make(State.DISCARDED, "THE SECOND", corrects=refused)
    said = page(as_ana, refused)
    assert "THE SECOND" not in said
    assert "Correct it in a new event" in said


def test_the_first_send_that_was_found_after_all(as_ana, make):
    first = make(State.CREATED, "THE FIRST", event_uuid=FIRST)
    draft = make(State.DRAFT, "THE SECOND", corrects=first)
    assert "Its first send was found after all: " in page(as_ana, draft)


def test_what_one_may_not_see_is_not_named(as_ben, both):
    first, second = both
    Submission.objects.filter(pk=first.pk).update(tlp="red")
    said = page(as_ben, second)
    assert "Cloudforce One holds this twice" in said
    assert "another one, which you may not see" in said
    for secret in ("THE FIRST", FIRST, str(first.pk)):
        assert secret not in said


def test_a_draft_that_corrects_is_shown_to_its_author_alone(as_ben, make, refused):
    make(State.DRAFT, "THE SECRET DRAFT", corrects=refused)
    assert "SECRET" not in page(as_ben, refused)


def test_the_form_of_a_correction_says_what_it_corrects(as_ana, make, refused):
    draft = make(State.DRAFT, "THE SECOND", corrects=refused)
    form = as_ana.get(f"/events/{draft.pk}/edit/").content.decode()
    assert f'Corrects <a href="/events/{refused.pk}/">THE FIRST</a>, which was refused.' in form
