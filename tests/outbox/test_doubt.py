"""What may exist is never edited into another event: a refusal after an unknown outcome."""

from uuid import uuid4

import pytest

from events import services
from events.models import State, Submission
from tests.outbox.support import (
    TYPED,
    actions,
    carry_out,
    creates,
    pass_time,
    payload,
    person,
    reasons,
    send,
    state,
    unknown,
    work,
)


@pytest.fixture
def refused(ana, sandbox, known):
    """UNKNOWN, missing, sent again, and refused: the first send may still exist."""
    submission = unknown(ana, sandbox)
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()
    submission.refresh_from_db()
    sandbox.behave("create", "400", times=1)
    submission = services.send_again(person=person(ana), submission=submission, reason="again")
    assert submission.state == State.REJECTED
    assert submission.may_exist
    return submission


def test_it_is_not_edited_sent_or_discarded(ana, sandbox, refused):
    """B03."""
    who = person(ana)
    before = len(creates(sandbox))
    with pytest.raises(services.Conflict, match="may still exist"):
        services.send(
            person=who, token=uuid4(), typed=TYPED, payload=payload("New"), submission=refused
        )
    with pytest.raises(services.Conflict):
        services.save_draft(person=who, token=uuid4(), typed=TYPED, submission=refused)
    with pytest.raises(services.Conflict):
        services.discard(person=who, submission=refused)
    with pytest.raises(services.Conflict):
        services.duplicate(person=who, submission=refused)
    assert len(creates(sandbox)) == before
    assert state(refused) == State.REJECTED


def test_the_form_s_old_token_changes_nothing_either(ana, sandbox, refused):
    typed = TYPED | {"event": "New"}
    with pytest.raises(services.Conflict, match="neither sent nor saved"):
        services.send(person=person(ana), token=refused.pk, typed=typed, payload=payload("New"))
    refused.refresh_from_db()
    assert refused.typed_values["event"] != "New"


def test_the_first_send_is_still_looked_for(ana, sandbox, refused):
    first = bytes(refused.body).replace(b'"attempt":2', b'"attempt":1')
    uuid = carry_out(sandbox, first)
    pass_time(minutes=4)
    work()
    refused.refresh_from_db()
    assert (refused.state, refused.event_uuid) == (State.CREATED, uuid)
    assert actions(refused)[-1] == "found"


def test_two_first_sends_are_told(ana, sandbox, refused):
    uuids = [carry_out(sandbox, bytes(refused.body)) for _ in range(2)]
    pass_time(minutes=4)
    work()
    refused.refresh_from_db()
    assert (refused.state, refused.found_uuids) == (State.DUPLICATED, sorted(uuids))


def test_its_correction_is_an_event_of_its_own_that_names_it(as_ana, ana, sandbox, refused):
    page = as_ana.get(f"/events/{refused.pk}/").content.decode()
    assert "The first send may still exist" in page
    assert "Go on writing" not in page
    answer = as_ana.post(f"/events/{refused.pk}/correct/")
    draft = Submission.objects.get(corrects=refused)
    assert answer.url == f"/events/{draft.pk}/edit/"
    assert draft.typed_values["event"] == refused.typed_values["event"]
    assert not draft.tlp
    assert str(refused.pk) in reasons(draft)[0]
    page = as_ana.get(f"/events/{refused.pk}/").content.decode()
    assert f"/events/{draft.pk}/" in page
    assert "Correct it in a new event" not in page
    assert f"/events/{refused.pk}/" in as_ana.get(f"/events/{draft.pk}/").content.decode()


def test_correct_pressed_again_leads_to_the_same_draft(as_ana, ana, sandbox, refused):
    answers = {as_ana.post(f"/events/{refused.pk}/correct/").url for _ in range(2)}
    draft = Submission.objects.get(corrects=refused)
    assert answers == {f"/events/{draft.pk}/edit/"}
    made = send(ana, submission=draft, event=payload("Corrected", "c.example"), token=uuid4())
    assert as_ana.post(f"/events/{refused.pk}/correct/").url == f"/events/{made.pk}/edit/"
    assert Submission.objects.filter(corrects=refused).count() == 1


def test_a_discarded_correction_gives_the_place_back(as_ana, ana, sandbox, refused):
    draft = services.correct(person=person(ana), submission=refused)
    assert str(refused.pk) not in as_ana.get("/").content.decode()
    services.discard(person=person(ana), submission=draft)
    assert str(refused.pk) in as_ana.get("/").content.decode()
    page = as_ana.get(f"/events/{refused.pk}/").content.decode()
    assert f"/events/{refused.pk}/correct/" in page
    assert str(draft.pk) not in page
    other = services.correct(person=person(ana), submission=refused)
    assert other.pk != draft.pk
    with pytest.raises(services.Conflict, match="corrected in another event"):
        services.restore(person=person(ana), submission=draft)
    services.discard(person=person(ana), submission=other)
    assert services.restore(person=person(ana), submission=draft).state == State.DRAFT


def test_a_correction_gives_nothing_of_a_red_event_away(ana, as_ana, as_ben, sandbox, refused):
    Submission.objects.filter(pk=refused.pk).update(tlp="red")
    draft = services.correct(person=person(ana), submission=refused)
    event = payload("Corrected", "c.example")
    made = send(ana, submission=draft, event=event, token=uuid4(), reason="nothing RED is left")
    assert (made.state, made.corrects_id) == (State.CREATED, refused.pk)
    assert as_ben.get(f"/events/{refused.pk}/").status_code == 404
    page = as_ben.get(f"/events/{made.pk}/").content.decode()
    assert str(refused.pk) not in page
    assert "in place of" not in page
    assert f"in place of {refused.pk}" in as_ana.get(f"/events/{made.pk}/").content.decode()


def test_what_is_refused_at_the_first_send_is_edited_as_before(as_ana, ana, sandbox):
    sandbox.behave("create", "400", times=1)
    plain = send(ana)
    assert not plain.may_exist
    assert send(ana, submission=plain).state == State.CREATED
    assert as_ana.post(f"/events/{plain.pk}/correct/").url == f"/events/{plain.pk}/"


def test_what_was_discarded_while_in_doubt_is_not_restored_to_be_edited(ana, refused):
    Submission.objects.filter(pk=refused.pk).update(state=State.DISCARDED)
    refused.refresh_from_db()
    with pytest.raises(services.Conflict):
        services.restore(person=person(ana), submission=refused)


def test_sending_again_is_checked_and_limited(ana, sandbox, known, settings):
    submission = unknown(ana, sandbox)
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()
    submission.refresh_from_db()
    settings.SEND_LIMIT = 3
    send_again = {"person": person(ana), "submission": submission, "reason": "again"}
    sandbox.behave("create", "drop-before", times=2)
    assert services.send_again(**send_again).state == State.UNKNOWN
    pass_time(seconds=200)
    submission.refresh_from_db()
    services.declare_absent(person=person(ana), submission=submission, reason="no")
    with pytest.raises(services.TooMany):
        services.send_again(**send_again | {"submission": Submission.objects.get(pk=submission.pk)})
