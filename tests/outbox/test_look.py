"""Looking again: a created event is still as sent, changed there, or gone; the log keeps it."""

from dataclasses import replace

import pytest
import requests

from events import services
from events.models import Look, State, Submission
from tests.conftest import make_user
from tests.outbox.support import (
    actions,
    carry_out,
    pass_time,
    payload,
    person,
    reasons,
    send,
    work,
    wrapped_list,
)


def call(sandbox, method, path, **more):
    """Somebody else's request to the API."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            method,
            f"{sandbox.base_url}/accounts/sandbox/cloudforce-one/events{path}",
            headers={"Authorization": "Bearer sandbox-token"},
            timeout=10,
            **more,
        )
    assert answer.ok, answer.text
    return answer


def delete(sandbox, submission):
    dataset = submission.answer_values["datasetId"]
    path = f"/datasets/{dataset}/events?eventIds={submission.event_uuid}"
    call(sandbox, "DELETE", path)


def change(sandbox, submission, **fields):
    dataset = submission.answer_values["datasetId"]
    call(sandbox, "PATCH", f"/{submission.event_uuid}", json={"datasetId": dataset, **fields})


def look(user, submission):
    return services.look_again(person=person(user), submission=submission)


def test_an_event_that_is_as_it_was_sent(ana, sandbox):
    seen = look(ana, send(ana))
    assert (seen.state, seen.look, seen.look_changes) == (State.CREATED, Look.SAME, "")
    assert seen.looked_at
    assert actions(seen)[-1] == "looked_again"


def test_what_was_changed_is_named(ana, sandbox):
    submission = send(ana)
    change(sandbox, submission, event="Another text", tlp="green")
    seen = look(ana, submission)
    assert (seen.look, seen.look_changes) == (Look.CHANGED, "event, tlp")
    assert "changed there: event, tlp" in reasons(seen)[-1]
    assert "Another text" not in reasons(seen)[-1]


def test_what_became_red_there_is_no_longer_shown_to_all(as_ben, ana, sandbox):
    submission = send(ana)
    change(sandbox, submission, tlp="RED")
    as_ben.post(f"/events/{submission.pk}/look/")
    assert as_ben.get(f"/events/{submission.pk}/").status_code == 404
    submission.refresh_from_db()
    assert (submission.tlp, submission.look_changes) == ("red", "tlp")
    assert '"tlp":"red"' in reasons(submission)[-1]


@pytest.mark.parametrize("label", ["green", "RED", "amber"])
def test_no_look_makes_a_label_weaker(as_ben, ana, sandbox, label):
    submission = send(ana, event=payload(tlp="red"))
    change(sandbox, submission, tlp=label)
    assert look(ana, submission).tlp == "red"
    assert as_ben.get(f"/events/{submission.pk}/").status_code == 404


def test_an_event_that_is_gone(ana, sandbox, known):
    submission = send(ana)
    delete(sandbox, submission)
    seen = look(ana, submission)
    assert (seen.state, seen.look) == (State.CREATED, Look.GONE)
    assert '"outcome":"failed"' in reasons(seen)[-1]


@pytest.mark.parametrize("lie", ["incomplete", "500-before"])
def test_an_answer_that_does_not_tell_is_never_gone(ana, sandbox, lie):
    submission = send(ana)
    delete(sandbox, submission)
    sandbox.behave("list", lie)
    with pytest.raises(services.Conflict):
        look(ana, submission)
    assert Submission.objects.get().look == ""


@pytest.mark.parametrize("lie", ["stale-list", ""])
def test_a_list_that_finds_no_other_event_either_is_never_gone(ana, sandbox, monkeypatch, lie):
    """It lags, or this desk may see nothing in the scope of all datasets."""
    submission = send(ana)
    sandbox.behave("read", "gone")
    if lie:
        sandbox.behave("list", lie, seconds=60)
    else:
        wrapped_list(
            monkeypatch,
            lambda original, client, query: replace(original(client, **query), events=()),
        )
    with pytest.raises(services.Conflict):
        look(ana, submission)
    assert Submission.objects.get(pk=submission.pk).look == ""


def test_a_label_in_upper_case_is_no_change(ana, sandbox):
    submission = send(ana)
    sandbox.behave("all", "tlp-upper")
    assert look(ana, submission).look == Look.SAME


def test_the_sweep_looks_too_but_seldom(ana, sandbox, known):
    submission = send(ana)
    for _ in range(12):
        pass_time(hours=6, minutes=5)
        work()
    assert actions(submission).count("looked_again") == 1
    delete(sandbox, submission)
    pass_time(days=4)
    work()
    submission.refresh_from_db()
    assert submission.look == Look.GONE


def test_a_created_event_that_no_search_finds_is_looked_at_at_once(ana, sandbox, known):
    """Deleted within minutes."""
    submission = send(ana)
    delete(sandbox, submission)
    pass_time(minutes=11)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.look) == (State.CREATED, Look.GONE)


def test_sweeps_end(ana, sandbox):
    submission = send(ana)
    for _ in range(200):
        pass_time(hours=6, minutes=1)
        work()
    assert Submission.objects.get(pk=submission.pk).sweep_at is None


def test_a_gone_event_is_no_control_for_a_search(ana, sandbox, known):
    delete(sandbox, known)
    Submission.objects.filter(pk=known.pk).update(look=Look.GONE)
    sandbox.behave("create", "drop-before", times=1)
    submission = send(ana)
    pass_time(seconds=200)
    work()
    submission.refresh_from_db()
    assert (submission.state, submission.negatives) == (State.UNKNOWN, 0)


def test_the_button_is_on_the_page_and_its_finding_too(as_ana, ana, sandbox):
    submission = send(ana)
    page = as_ana.get(f"/events/{submission.pk}/").content.decode()
    assert "Look again" in page
    change(sandbox, submission, insight="more")
    assert as_ana.post(f"/events/{submission.pk}/look/").status_code == 302
    page = as_ana.get(f"/events/{submission.pk}/").content.decode()
    assert "Changed there" in page
    assert "Insight" in page


def test_who_may_not_send_may_not_look(as_otto, ana, sandbox):
    submission = send(ana)
    assert "Look again" not in as_otto.get(f"/events/{submission.pk}/").content.decode()
    before = len(sandbox.requests)
    assert as_otto.post(f"/events/{submission.pk}/look/").status_code == 403
    assert len(sandbox.requests) == before


def test_red_of_somebody_else_is_not_looked_at(as_ben, ana, sandbox):
    submission = send(ana, event=payload(tlp="red"))
    before = len(sandbox.requests)
    assert as_ben.post(f"/events/{submission.pk}/look/").status_code == 404
    assert len(sandbox.requests) == before


def test_only_what_was_created_is_looked_at(ana, sandbox):
    sandbox.behave("create", "drop-before", times=1)
    with pytest.raises(services.Conflict):
        look(ana, send(ana))


def test_a_colleague_may_look(ana, sandbox):
    submission = send(ana)
    carry_out(sandbox, payload("Other").to_bytes())
    assert look(make_user("zoe", "reviewer"), submission).look == Look.SAME
