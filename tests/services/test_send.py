"""Sending, judged by the sandbox's ledger: each outcome is the right state, nothing twice."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.utils import timezone

from events import services
from events.audit import Actor
from events.models import AuditAttachment, AuditEntry, State, Submission
from events.payload import EventCreate, Indicator, Raw, sha256
from events.services import Changed, Conflict, NotAllowed, Person

TYPED = {
    "category": "Domain Resolution",
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "tlp": "amber",
    "indicators": [{"indicator_type": "domain", "value": "domain.com"}],
}


def payload(value="domain.com", **changes):
    fields = {
        "category": "Domain Resolution",
        "date": datetime(2022, 4, 1, tzinfo=UTC),
        "event": "An attacker registered the domain domain.com",
        "tlp": "amber",
        "attacker": "Flying Yeti",
        "attacker_country": "CN",
        "target_country": "US",
        "target_industry": "Agriculture",
        "raw": Raw(data={}),
    }
    rows = [Indicator(indicator_type="domain", value=value)]
    return EventCreate.with_indicators(rows, **fields | changes)


def person(user):
    return Person(user, Actor(id=user.pk, name=user.username, address="192.0.2.7", request_id="r1"))


def send(user, token=None, **more):
    return services.send(
        person=person(user), token=token or uuid4(), typed=TYPED, payload=payload(), **more
    )


def actions(submission):
    rows = AuditEntry.objects.filter(object_id=str(submission.pk)).order_by("seq")
    return list(rows.values_list("action", flat=True))


def creates(sandbox):
    return [r for r in sandbox.requests if r.path.endswith("/create")]


def test_the_reference_example_is_created_once_and_logged(ana, sandbox):
    submission = send(ana)

    assert submission.state == State.CREATED
    (held,) = sandbox.ledger.events(str(submission.pk))
    assert held.uuid == submission.event_uuid
    assert submission.answer_values["killChain"] > 0
    assert submission.answer_values["attackerCountryAlpha3"] == "CHN"
    assert actions(submission) == [
        "submission.drafted",
        "submission.frozen",
        "submission.sending",
        "submission.created",
    ]


def test_an_event_whose_raw_data_is_red_is_for_those_who_may_have_that(ana, as_ben, sandbox):
    """Its page and its entries hold the raw data."""
    raw = Raw(data={"victim": "Bank"}, tlp="red")
    event = payload(tlp="green", raw=raw)
    sent = services.send(person=person(ana), token=uuid4(), typed=TYPED, payload=event)
    assert (sent.state, sent.tlp) == (State.CREATED, "red")
    assert json.loads(bytes(sent.body))["tlp"] == "green"
    assert as_ben.get(f"/events/{sent.pk}/").status_code == 404
    entries = AuditEntry.objects.filter(object_id=str(sent.pk))
    assert all(json.loads(entry.body)["tlp"] == "red" for entry in entries)


def test_what_is_sent_is_what_was_frozen_byte_for_byte(ana, sandbox):
    submission = send(ana)

    (request,) = creates(sandbox)
    frozen = bytes(Submission.objects.get().body)
    assert request.body == frozen
    assert sha256(frozen) == submission.body_sha256
    kept = AuditAttachment.objects.get(name="payload")
    assert kept.content.encode() == frozen
    mark = json.loads(frozen)["raw"]["data"]["event_desk"]
    assert mark == {"submission": str(submission.pk), "attempt": 1}


@pytest.mark.parametrize(
    ("behaviour", "state", "held"),
    [
        ("400", State.REJECTED, 0),
        ("401", State.READY, 0),
        ("403", State.READY, 0),
        ("429", State.READY, 0),
        ("500-before", State.UNKNOWN, 0),
        ("500-after", State.UNKNOWN, 1),
        ("hang-before", State.UNKNOWN, 0),
        ("hang-after", State.UNKNOWN, 1),
        ("drop-before", State.UNKNOWN, 0),
        ("drop-after", State.UNKNOWN, 1),
        ("truncate", State.UNKNOWN, 1),
        ("html-200", State.UNKNOWN, None),
        ("envelope", State.CREATED, 1),
    ],
)
def test_each_answer_leads_to_its_state_with_one_post(ana, sandbox, behaviour, state, held):
    sandbox.behave("create", behaviour)
    submission = send(ana)

    assert submission.state == state
    assert Submission.objects.get().state == state
    assert len(creates(sandbox)) == 1
    if held is not None:
        assert len(sandbox.ledger.events(str(submission.pk))) == held


def test_a_closed_port_means_waiting_not_unknown(ana, sandbox):
    sandbox.stop()
    submission = send(ana)

    assert submission.state == State.READY
    assert submission.next_at is not None
    assert submission.outcome_values["kind"] == "not_sent"


def test_the_same_form_again_returns_the_same_submission_and_sends_nothing(ana, sandbox):
    token = uuid4()
    first, second = send(ana, token), send(ana, token)

    assert first.pk == second.pk
    assert len(creates(sandbox)) == 1


def test_a_form_that_was_refused_sends_again_only_from_a_new_form(ana, sandbox):
    sandbox.behave("create", "400", times=1)
    old, new = uuid4(), uuid4()
    refused = send(ana, old)
    assert send(ana, old).state == State.REJECTED
    assert send(ana, new, submission=refused).state == State.CREATED
    assert send(ana, new, submission=refused).state == State.CREATED
    assert len(creates(sandbox)) == 2
    mark = json.loads(creates(sandbox)[1].body)["raw"]["data"]["event_desk"]
    assert mark["attempt"] == 2


def test_sending_what_is_created_again_is_refused_with_no_post(ana, sandbox):
    created = send(ana)
    with pytest.raises(Conflict, match="created"):
        send(ana, uuid4(), submission=created)
    assert len(creates(sandbox)) == 1


def test_nobody_sends_or_saves_for_somebody_else(ana, ben, otto, sandbox):
    token = uuid4()
    draft = services.save_draft(person=person(ana), token=token, typed=TYPED)
    with pytest.raises(NotAllowed):
        send(ben, uuid4(), submission=draft)
    with pytest.raises(NotAllowed):
        send(ben, token)
    with pytest.raises(NotAllowed):
        services.save_draft(person=person(ben), token=token, typed={})
    with pytest.raises(NotAllowed):
        send(otto)
    assert creates(sandbox) == []
    assert Submission.objects.get().typed_values == TYPED


def test_a_draft_keeps_any_text_byte_for_byte(ana, sandbox):
    typed = {"event": "NUL \x00, surrogate \ud800, bidi \u202e, emoji 🦊", "indicators": []}
    draft = services.save_draft(person=person(ana), token=uuid4(), typed=typed)
    assert Submission.objects.get(pk=draft.pk).typed_values == typed


def test_taking_back_what_waits_makes_it_a_draft_and_sends_nothing(ana, sandbox):
    sandbox.behave("create", "429", times=1)
    waiting = send(ana)
    services.take_back(person=person(ana), submission=waiting)
    assert Submission.objects.get().state == State.DRAFT
    assert len(creates(sandbox)) == 1
    assert actions(waiting)[-1] == "submission.taken_back"


def test_a_discarded_form_never_sends_again(ana, sandbox):
    sandbox.behave("create", "400", times=1)
    token = uuid4()
    services.discard(person=person(ana), submission=send(ana, token))
    assert send(ana, token).state == State.DISCARDED
    assert len(creates(sandbox)) == 1


def test_what_was_discarded_by_mistake_is_restored_whole(ana, sandbox):
    draft = services.save_draft(person=person(ana), token=uuid4(), typed=TYPED)
    services.discard(person=person(ana), submission=draft)
    restored = services.restore(person=person(ana), submission=draft)
    assert restored.state == State.DRAFT
    assert Submission.objects.get().typed_values == TYPED


def test_a_draft_that_was_saved_elsewhere_is_not_overwritten(ana, sandbox):
    token = uuid4()
    first = services.save_draft(person=person(ana), token=token, typed=TYPED)
    seen = first.version
    other = TYPED | {"event": "from the other tab"}
    services.save_draft(person=person(ana), token=token, typed=other, version=seen)
    with pytest.raises(Changed, match="somewhere else") as changed:
        services.save_draft(person=person(ana), token=token, typed=TYPED, version=seen)
    assert changed.value.current.typed_values == other
    with pytest.raises(Changed):
        send(ana, token, version=seen)
    assert creates(sandbox) == []


def test_what_was_mended_in_a_form_that_was_refused_is_kept(ana, sandbox):
    sandbox.behave("create", "400", times=1)
    token = uuid4()
    refused = send(ana, token)
    mended = TYPED | {"event": "mended after going back"}
    form = {"person": person(ana), "token": token, "typed": mended, "payload": payload()}
    with pytest.raises(Changed):  # the form of before: the person is asked first
        services.send(**form)
    again = services.send(**form, version=refused.version)
    assert again.state == State.REJECTED
    assert Submission.objects.get().typed_values == mended
    assert len(creates(sandbox)) == 1


def test_what_may_still_turn_up_is_not_taken_back_and_changed(ana, sandbox):
    sandbox.behave("create", "500-before", times=1)
    submission = send(ana)
    Submission.objects.update(state=State.ABSENT, unknown_since=timezone.now())
    submission.refresh_from_db()
    sandbox.behave("create", "429", times=1)
    waiting = services.send_again(person=person(ana), submission=submission, reason="not there")
    assert waiting.state == State.READY
    with pytest.raises(Conflict, match="may still turn up"):
        services.take_back(person=person(ana), submission=waiting)


def test_sending_again_needs_a_reason_and_leaves_it_in_the_log(ana, sandbox):
    sandbox.behave("create", "500-before", times=1)
    submission = send(ana)
    Submission.objects.update(state=State.ABSENT)
    submission.refresh_from_db()
    with pytest.raises(ValueError, match="reason"):
        services.send_again(person=person(ana), submission=submission, reason="  ")
    sent = services.send_again(person=person(ana), submission=submission, reason="I looked")
    assert sent.state == State.CREATED
    entry = AuditEntry.objects.get(action="submission.sent_again")
    assert "I looked" in entry.body
    assert entry.actor == "ana"


def test_nobody_says_too_early_that_it_is_missing(ana, sandbox):
    sandbox.behave("create", "500-after", times=1)
    submission = send(ana)
    with pytest.raises(Conflict, match="may still appear"):
        services.declare_absent(person=person(ana), submission=submission, reason="I looked")


def test_a_form_that_was_sent_does_not_swallow_what_is_written_in_it_afterwards(ana, sandbox):
    """Back in the browser, other words, Send: nothing is sent, and the person is told."""
    created = send(ana)
    with pytest.raises(Conflict, match="neither sent nor saved"):
        services.send(
            person=person(ana),
            token=created.pk,
            typed=TYPED | {"event": "Another text"},
            payload=payload(event="Another text"),
        )
    assert len(creates(sandbox)) == 1


def test_of_two_forms_of_one_draft_the_second_to_send_is_told(ana, sandbox):
    """It was read while the draft could be changed, and the other one was quicker."""
    draft = services.save_draft(person=person(ana), token=uuid4(), typed=TYPED)
    behind = Submission.objects.get(pk=draft.pk)
    services.send(
        person=person(ana), token=uuid4(), typed=TYPED, payload=payload(), submission=draft
    )
    with pytest.raises(Conflict, match="neither sent nor saved"):
        services.send(
            person=person(ana),
            token=uuid4(),
            typed=TYPED | {"event": "Another text"},
            payload=payload(event="Another text"),
            submission=behind,
        )
    assert len(creates(sandbox)) == 1


def test_f6_a_draft_does_not_forget_that_its_text_was_red(ana):
    """Whatever a form says: what was remembered once stays."""
    draft = services.save_draft(person=person(ana), token=uuid4(), typed={"was_red": "1"})
    services.save_draft(
        person=person(ana), token=draft.pk, typed={"event": "x"}, submission=draft, version=0
    )
    stored = Submission.objects.get(pk=draft.pk)
    assert (stored.was_red, stored.tlp) == (True, "red")
