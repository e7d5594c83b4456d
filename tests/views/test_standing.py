"""The headline of an event's page: it says what is true now, and nothing that contradicts it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import audit, clock
from events.cloudflare import RateLimited
from events.models import ApiGate, Heartbeat, Look, State, Submission
from events.outbox import gate

BY_ITSELF = "by itself"


@pytest.fixture
def make(ana):
    """`make(state, **columns)`: a submission of Ana's."""

    def make(state, **columns):
        at = timezone.now()
        return Submission.objects.create(
            author=ana,
            author_name="ana",
            state=state,
            event="AN EVENT",
            created_at=at,
            updated_at=at,
            **columns,
        )

    return make


@pytest.fixture
def worker(db):
    """A worker delivers."""
    Heartbeat.objects.create(pk=1, at=clock.now())


def page(client, submission):
    return client.get(f"/events/{submission.pk}/").content.decode()


def close(*, is_access=False, reason="HTTP 401"):
    now = clock.now()
    ApiGate.objects.update_or_create(
        pk=ApiGate.KEY,
        defaults={
            "opened_at": now,
            "probe_at": now + timedelta(seconds=60),
            "is_access": is_access,
            "reason": reason,
        },
    )
    gate.forget()


def test_what_is_gone_is_not_said_to_exist(as_ana, make):
    gone = make(State.CREATED, look=Look.GONE, looked_at=timezone.now())
    said = page(as_ana, gone)
    assert "The event was created, but is no longer in Cloudforce One." in said
    assert "It was not there on" in said
    assert "copy it into a new draft" in said
    assert "once." not in said
    assert 'class="panel outcome state state-created warning"' in said
    assert 'class="aside warning">Gone<' in as_ana.get("/events/").content.decode()


def test_what_was_changed_is_named_by_the_labels_of_the_form(as_ana, make):
    changed = make(
        State.CREATED,
        look=Look.CHANGED,
        look_changes="event, tlp, targetCountry",
        looked_at=timezone.now(),
    )
    said = page(as_ana, changed)
    assert "The event exists, but was changed in Cloudforce One." in said
    assert "Event, TLP, Target country" in said
    assert "targetCountry" not in said


def test_what_is_as_sent_is_there_once(as_ana, make):
    same = make(State.CREATED, look=Look.SAME, looked_at=timezone.now())
    said = page(as_ana, same)
    assert "The event exists in Cloudforce One, once." in said
    assert "It was still as sent on" in said


def test_what_needs_a_person_says_so(as_ana, make, worker):
    waiting = make(State.READY, tries=12)
    said = page(as_ana, waiting)
    assert "Nothing was created. It waits for you." in said
    assert "It was tried 12 times and is not tried again by itself." in said
    assert "sent by itself" not in said
    assert said.index("Try it now</button>") < said.index("Take it back to change it</button>")
    assert "Waiting for you: try it now" in as_ana.get("/").content.decode()


def test_without_a_worker_nothing_is_said_to_happen_by_itself(as_ana, make):
    soon = timezone.now() + timedelta(minutes=5)
    for submission in (
        make(State.READY, next_at=soon),
        make(State.UNKNOWN, next_at=soon, unknown_since=timezone.now()),
    ):
        said = page(as_ana, submission)
        assert "The delivery worker is not running" in said
        for promise in ("sent by itself as soon", "It is looked for", "It is tried again at"):
            assert promise not in said, promise


def test_a_pause_says_until_when(as_ana, make, worker):
    waiting = make(State.READY, next_at=timezone.now() + timedelta(minutes=5))
    gate.failed(RateLimited("slow down", retry_after=300), create=True)
    said = page(as_ana, waiting)
    assert f"wait until {gate.closed().until:%H:%M:%S} UTC; it is sent then." in said
    assert "as soon as the API can be reached" not in said
    assert "It is tried again at" not in said


def test_the_state_tells_the_open_page_of_the_gate(as_ana, make, worker):
    waiting = make(State.READY, next_at=timezone.now())
    url = f"/events/{waiting.pk}/state/"
    assert as_ana.get(url).json()["gate"] == ""
    assert 'data-gate=""' in page(as_ana, waiting)
    close()
    assert as_ana.get(url).json()["gate"] == "away"
    assert 'data-gate="away"' in page(as_ana, waiting)


@pytest.mark.parametrize("state", [State.DUPLICATED, State.ABSENT])
def test_an_old_answer_is_not_told_of_what_is_known_since(as_ana, make, state):
    outcome = '{"kind": "unknown", "detail": "The connection broke."}'
    said = page(as_ana, make(state, outcome=outcome, found='["a", "b"]'))
    assert "The connection broke" not in said


def test_what_is_there_twice_is_not_copied_once_more(as_ana, make):
    assert "Copy into a new draft" in page(as_ana, make(State.CREATED))
    assert "Copy into a new draft" not in page(as_ana, make(State.DUPLICATED, found='["a", "b"]'))


def test_the_api_s_words_are_printed_once(as_ana, make):
    words = "category: unknown value"
    outcome = (
        f'{{"kind": "refused", "detail": "Refused (HTTP 400): {words}", '
        f'"problems": [{{"message": "{words}", "code": 7}}, {{"message": "date: late"}}]}}'
    )
    said = page(as_ana, make(State.REJECTED, outcome=outcome))
    assert said.count(words) == 1
    assert "code 7" in said
    assert "date: late" in said


@pytest.mark.parametrize(
    ("action", "outcome", "reason", "shape", "words"),
    [
        ("looked_again", "failed", "gone", "warning", "Gone"),
        ("looked_again", "failed", "changed there: tlp", "warning", "Changed there: TLP"),
        ("looked_again", "ok", "still as sent", "good", "Still as sent"),
        ("absent", "ok", "", "warning", "Not found in Cloudforce One"),
        ("duplicated", "ok", "there 2 times", "danger", "There more than once"),
    ],
)
def test_the_timeline_says_what_was_found_in_its_colour(
    as_ana, make, action, outcome, reason, shape, words
):
    submission = make(State.CREATED)
    audit.append(
        audit.Fact(
            action=f"submission.{action}",
            actor=audit.Actor.system("worker"),
            object_id=str(submission.pk),
            outcome=outcome,
            reason=reason,
        )
    )
    steps = page(as_ana, submission).split('<ol class="timeline">')[1]
    assert f'<li class="{shape}">' in steps
    assert f"<strong>{words}</strong>" in steps


def test_a_reason_that_was_not_taken_is_still_there(as_ana, make):
    """It may still appear: the decision is refused, and what was written is not lost."""
    unknown = make(State.UNKNOWN, unknown_since=timezone.now())
    answer = as_ana.post(
        f"/events/{unknown.pk}/decide/", {"action": "absent", "reason": "LOOKED IN THE DASHBOARD"}
    )
    said = answer.content.decode()
    assert "It may still appear" in said
    assert 'value="LOOKED IN THE DASHBOARD"' in said


def test_a_reason_for_what_has_moved_on_is_shown_once_more(as_ana, make):
    created = make(State.CREATED)
    answer = as_ana.post(
        f"/events/{created.pk}/decide/", {"action": "absent", "reason": "LOOKED IN THE DASHBOARD"}
    )
    assert "You wrote: LOOKED IN THE DASHBOARD" in answer.content.decode()


def test_access_that_is_refused_is_explained_to_who_can_mend_it(as_ana, as_adam, ana):
    close(is_access=True)
    said = as_ana.get("/events/new/").content.decode()
    assert "refuses this desk&#x27;s access" in said
    assert "The administrator has to set it right." in said
    assert "What you send waits here and goes by itself after that." in said
    for page_of in ("/events/", "/events/new/", "/admin/"):
        told = as_adam.get(page_of).content.decode()
        assert "HTTP 401" in told
        assert "CLOUDFLARE_API_TOKEN" in told
        assert "manage.py probe_api" in told
    for setting in ("HTTP 401", "CLOUDFLARE_API_TOKEN"):
        assert setting not in said
