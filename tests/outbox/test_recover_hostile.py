"""Events in Cloudforce One that somebody else wrote to mislead whoever takes them in."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from events import services
from events.cloudflare import Client
from events.models import AuditEntry, State, Submission
from tests.conftest import make_user
from tests.outbox.support import carry_out, pass_time, payload, person, send, state, wrapped_list
from tests.outbox.test_recover import lost, run

SECRET = "NOT DECIDED YET who may read this"
STEERING = "\x1b]0;owned\x07\x1b[2J\r\nIn all: 0 listed, 0 read, 0 taken in\u202e"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """This machine's own folder."""
    settings.STATE_DIR = tmp_path


def forge(sandbox, submission, **fields):
    """An event that bears the mark of `submission`, made by somebody else."""
    body = json.loads(payload(**fields).to_bytes())
    body["raw"] = {"data": {"event_desk": {"submission": str(submission.pk), "attempt": 1}}}
    return carry_out(sandbox, json.dumps(body).encode())


def write(user, submission=None, **typed):
    """A draft of `user`, or a stored one written on."""
    token = submission.pk if submission else uuid4()
    typed = {"event": SECRET, "category": "Phishing"} | typed
    return services.save_draft(person=person(user), token=token, typed=typed, submission=submission)


def taken_back(user, sandbox, event):
    """A draft that waited to be sent, was taken back, and written on."""
    sandbox.behave("create", "429", times=1, seconds=1)
    draft = services.take_back(person=person(user), submission=send(user, event=event))
    pass_time(minutes=2)
    return draft


@pytest.mark.parametrize("tlp", ["", "green"])
def test_of_a_draft_that_was_taken_back_nothing_is_shown(ana, as_ben, sandbox, known, tlp):
    draft = write(ana, taken_back(ana, sandbox, payload("As sent")), tlp=tlp)
    assert SECRET not in as_ben.get("/events/").content.decode()
    forge(sandbox, draft, tlp="green")
    assert run("--take-in")[0] == 0
    assert state(draft) == State.CREATED
    for page in ("/events/", f"/events/{draft.pk}/"):
        assert SECRET not in as_ben.get(page).content.decode()


def test_what_was_locked_for_sending_as_red_stays_red(ana, as_ben, sandbox, known):
    """Taken back and marked GREEN since; the page shows the bytes that were locked."""
    draft = write(ana, taken_back(ana, sandbox, payload("Secret", tlp="red")), tlp="green")
    forge(sandbox, draft, tlp="green")
    run("--take-in")
    assert Submission.objects.get(pk=draft.pk).tlp == "red"
    assert as_ben.get(f"/events/{draft.pk}/").status_code == 404


def test_a_mark_does_not_take_a_draft_away_from_its_author(ana, sandbox, known):
    draft = write(ana)
    forge(sandbox, draft, tlp="clear")
    code, printed = run("--take-in")
    assert code == 1
    assert "a draft that was never sent" in printed
    assert "--take-in --drafts" in printed
    assert Submission.objects.get(pk=draft.pk).is_editable
    assert "desk.recovered" not in AuditEntry.objects.values_list("action", flat=True)
    assert run("--take-in", "--drafts")[0] == 0
    assert state(draft) == State.CREATED


def test_raw_data_that_is_red_makes_all_of_it_red(ana, as_ben, sandbox, known, monkeypatch):
    """Its event is GREEN; the raw data stands in the log's entry."""
    gone = lost(ana, "Green thing", tlp="green")
    read_raw = Client.read_raw

    def red_raw(client, dataset, uuid):
        raw = read_raw(client, dataset, uuid)
        return replace(raw, data=raw.data | {"victim": "RED VICTIM"}, tlp="RED")

    monkeypatch.setattr(Client, "read_raw", red_raw)
    printed = run("--take-in")[1]
    assert "Green thing" not in printed
    assert Submission.objects.get(pk=gone.pk).tlp == "red"
    assert as_ben.get(f"/events/{gone.pk}/").status_code == 404
    entry = AuditEntry.objects.get(action="submission.recovered", object_id=str(gone.pk))
    admin = make_user("ada", "administrator")
    admin.is_staff = True
    admin.save()
    as_ben.force_login(admin)
    page = as_ben.get(f"/admin/events/auditentry/{entry.seq}/change/")
    assert page.status_code == 200
    assert "RED VICTIM" not in page.content.decode()


@pytest.mark.parametrize("name", ["date", "event", "uuid"])
def test_what_is_printed_cannot_steer_a_terminal(ana, sandbox, known, monkeypatch, name):
    gone = lost(ana)

    def hostile(original, client, query):
        page = original(client, **query)
        return replace(page, events=tuple(event | {name: STEERING} for event in page.events))

    wrapped_list(monkeypatch, hostile)
    printed = run()[1]
    assert str(gone.pk) in printed or name == "uuid"
    assert "\nIn all: 0 listed, 0 read, 0 taken in?" not in printed
    for sign in "\x1b\x07\r\u202e":
        assert sign not in printed


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"])
def test_moments_at_the_ends_of_time_break_no_page(
    ana, as_ana, sandbox, known, monkeypatch, zone, moment
):
    gone = lost(ana)
    session = as_ana.session
    session["preferences"] = ["", zone, ""]
    session.save()

    def hostile(original, client, query):
        page = original(client, **query)
        odd = {"createdAt": moment, "date": moment}
        return replace(page, events=tuple(event | odd for event in page.events))

    wrapped_list(monkeypatch, hostile)
    run("--take-in", "--since=1d")
    assert state(gone) == State.CREATED
    for page in (f"/events/{gone.pk}/", "/events/"):
        assert as_ana.get(page).status_code == 200
