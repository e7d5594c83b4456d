"""What a restored desk does not know: listed, taken in once, told apart from what is others'."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from events import audit, clock, outbox, reference, services, vetting
from events.cloudflare import Client, RateLimited, RawData, Refused
from events.models import AuditEntry, State, Submission
from events.outbox import gate, history, recover
from events.outbox.recover import mark_of
from events.services import recovery
from tests.outbox.support import (
    actions,
    carry_out,
    creates,
    pass_time,
    payload,
    person,
    send,
    state,
    unknown,
    work,
    wrapped_list,
)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """This machine's own folder."""
    settings.STATE_DIR = tmp_path
    return tmp_path


def run(*options):
    """The command's return code, and all that it printed."""
    out = io.StringIO()
    try:
        call_command("recover_events", *options, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}\n{error}"
    return 0, out.getvalue()


def lost(ana, text="Lost", **more):
    """A submission that was sent, and of which the restored database knows nothing."""
    submission = send(ana, event=payload(text, **more))
    assert submission.state == State.CREATED
    Submission.objects.filter(pk=submission.pk).delete()
    return submission


def raws(sandbox):
    """How many events were read."""
    return sum(each.path.endswith("/raw") for each in sandbox.requests)


def test_nothing_unknown_is_0(ana, sandbox):
    send(ana)
    code, printed = run()
    assert code == 0
    assert "1 listed, 0 read" in printed


def test_what_is_unknown_is_listed_and_left_alone(ana, sandbox, known):
    gone = lost(ana)
    code, printed = run()
    assert code == 1
    assert gone.event_uuid in printed
    assert str(gone.pk) in printed
    assert "Lost" in printed
    assert "another desk" in printed
    assert not Submission.objects.filter(pk=gone.pk).exists()
    assert "submission.recovered" not in AuditEntry.objects.values_list("action", flat=True)


def test_what_is_taken_in_says_what_the_api_says(ana, sandbox, known):
    gone = lost(ana, "Lost\nand found", tlp="amber-strict")
    code, _ = run("--take-in")
    assert code == 0
    taken = Submission.objects.get(pk=gone.pk)
    assert (taken.state, taken.event_uuid) == (State.CREATED, gone.event_uuid)
    assert (taken.author, taken.author_name, taken.body) == (None, "unknown (recovered)", None)
    assert (taken.category, taken.event) == (gone.category, gone.event)
    assert (taken.tlp, taken.event_date) == ("amber+strict", gone.event_date)
    assert (taken.attempt, taken.answer_values["uuid"]) == (1, gone.event_uuid)
    assert abs(taken.created_at - gone.created_at) < timedelta(seconds=5)
    assert actions(taken)[-1] == "recovered"
    entry = AuditEntry.objects.get(action="submission.recovered")
    assert gone.event_uuid in entry.body
    kept = {each.name: json.loads(each.content) for each in entry.attachments.all()}
    assert kept["raw"]["event_desk"]["submission"] == str(gone.pk)
    assert kept["answer"]["uuid"] == gone.event_uuid
    assert audit.verify().is_whole
    assert run("--take-in")[0] == 0
    assert actions(taken).count("recovered") == 1


def test_the_moment_of_creation_is_the_api_s(ana, sandbox, known):
    sandbox.behave("create", "clock", times=1, seconds=-86_400)
    gone = lost(ana)
    run("--take-in")
    taken = Submission.objects.get(pk=gone.pk)
    assert timedelta(hours=23) < clock.now() - taken.created_at < timedelta(hours=25)


def test_pages_lists_search_and_copies_cope(as_ana, as_rita, ana, ben, sandbox, known):
    gone = lost(ana, "Lost and found", value="lost.example")
    run("--take-in")
    page = as_ana.get(f"/events/{gone.pk}/").content.decode()
    assert "Sent, but not known here" in page
    assert gone.event_uuid in page
    assert "Taken in from Cloudforce One" in page
    for query in ("lost.example", gone.event_uuid, "found"):
        assert "Lost and found" in as_ana.post("/events/", {"q": query}).content.decode()
    assert "Lost and found" in as_ana.get("/events/?state=created").content.decode()
    entry = vetting.Entry.of(payload(value="lost.example"), uuid4())
    seen = vetting.vet(entry, user=ben, references=reference.load(), now=clock.now())
    assert "seen.here" in {each.code for each in seen}
    copy = services.duplicate(person=person(ben), submission=Submission.objects.get(pk=gone.pk))
    assert copy.typed_values["event"] == "Lost and found"
    assert copy.typed_values["indicators"] == [
        {"indicator_type": "domain", "value": "lost.example"}
    ]
    assert "tlp" not in copy.typed_values
    assert as_rita.get("/").status_code == 200


def test_what_was_taken_in_is_swept_and_looked_at_like_any_other(ana, sandbox, known):
    gone = lost(ana)
    run("--take-in")
    taken = Submission.objects.get(pk=gone.pk)
    looked = services.look_again(person=person(ana), submission=taken)
    assert looked.get_look_display() == "Still as sent"
    second = carry_out(sandbox, bytes(gone.body))
    pass_time(hours=7)
    work()
    taken.refresh_from_db()
    assert taken.state == State.DUPLICATED
    assert taken.found_uuids == sorted([gone.event_uuid, second])


def test_red_shows_no_words_and_is_seen_by_those_who_may(as_ana, as_rita, ana, sandbox, known):
    for text in ("red", "RED", "purple"):
        gone = lost(ana, f"Secret {text}", tlp=text)
        code, printed = run()
        assert code == 1
        assert "Secret" not in printed
        run("--take-in")
        assert Submission.objects.get(pk=gone.pk).tlp == "red"
        assert as_ana.get(f"/events/{gone.pk}/").status_code == 404
        assert "Secret" in as_rita.get(f"/events/{gone.pk}/").content.decode()


def test_an_event_without_a_label_is_red(ana, sandbox, known, monkeypatch):
    gone = lost(ana, "Secret")

    def unlabelled(original, client, query):
        page = original(client, **query)
        return replace(
            page, events=tuple({n: v for n, v in e.items() if n != "tlp"} for e in page.events)
        )

    wrapped_list(monkeypatch, unlabelled)
    assert "Secret" not in run()[1]
    run("--take-in")
    assert Submission.objects.get(pk=gone.pk).tlp == "red"


def test_what_is_there_twice_is_duplicated(ana, sandbox, known):
    gone = lost(ana)
    uuids = [gone.event_uuid, *(carry_out(sandbox, bytes(gone.body)) for _ in range(2))]
    assert run("--take-in")[0] == 0
    taken = Submission.objects.get(pk=gone.pk)
    assert (taken.state, taken.found_uuids) == (State.DUPLICATED, sorted(uuids))
    assert run()[0] == 0


def test_an_unknown_one_is_settled_as_by_a_search(ana, sandbox, known):
    submission = unknown(ana, sandbox, "drop-after")
    assert run()[0] == 1
    assert state(submission) == State.UNKNOWN
    assert run("--take-in")[0] == 0
    assert state(submission) == State.CREATED
    assert actions(submission)[-1] == "found"
    assert run()[0] == 0


def test_another_event_of_a_created_one_makes_it_duplicated(ana, sandbox, known):
    created = send(ana)
    second = carry_out(sandbox, bytes(created.body))
    assert run("--take-in")[0] == 0
    created.refresh_from_db()
    assert (created.state, second in created.found_uuids) == (State.DUPLICATED, True)


def test_a_draft_that_was_sent_as_red_is_not_shown_with_its_older_label(
    as_ben, ana, sandbox, known
):
    """The backup has the draft; it was marked RED and sent after the backup was made."""
    draft = services.save_draft(
        person=person(ana), token=uuid4(), typed={"event": "Mild", "tlp": "green"}
    )
    body = outbox.mark(payload("Secret", tlp="red"), draft.pk, 1).to_bytes()
    uuid = carry_out(sandbox, body)
    assert run("--take-in", "--drafts")[0] == 0
    draft.refresh_from_db()
    assert (draft.state, draft.event_uuid, draft.tlp) == (State.CREATED, uuid, "red")
    assert draft.event == "Secret"
    assert as_ben.get(f"/events/{draft.pk}/").status_code == 404
    assert "Secret" not in as_ben.get("/events/").content.decode()


def test_a_red_one_stays_red_whatever_its_event_says_by_now(as_ben, ana, sandbox, known):
    draft = services.save_draft(
        person=person(ana), token=uuid4(), typed={"event": "Secret", "tlp": "red"}
    )
    carry_out(sandbox, outbox.mark(payload("Mild", tlp="green"), draft.pk, 1).to_bytes())
    run("--take-in", "--drafts")
    assert Submission.objects.get(pk=draft.pk).tlp == "red"


def test_what_is_being_sent_is_left_to_whoever_sends_it(ana, sandbox, known):
    gone = send(ana)
    Submission.objects.filter(pk=gone.pk).update(
        state=State.SENDING, event_uuid="", lease_until=clock.now() + timedelta(minutes=1)
    )
    assert run("--take-in")[0] == 0
    assert state(gone) == State.SENDING
    pass_time(minutes=2)
    assert run("--take-in")[0] == 0
    gone.refresh_from_db()
    assert (gone.state, gone.lease_until) == (State.CREATED, None)


def test_events_without_a_mark_are_left_alone_and_read_once(ana, sandbox, known):
    for number in range(5):
        carry_out(sandbox, payload(f"Foreign {number}").to_bytes())
    assert run("--take-in")[0] == 0
    before = raws(sandbox)
    code, printed = run("--take-in")
    assert (code, raws(sandbox)) == (0, before)
    assert "5 read earlier" in printed
    assert Submission.objects.count() == 1


def test_a_mark_that_names_no_submission_is_nobody_s(ana, sandbox, known):
    body = json.loads(payload("Odd").to_bytes())
    for data in ({"event_desk": None}, {"event_desk": {"submission": "7"}}, {"event_desk": [1]}):
        body["raw"]["data"] = data
        carry_out(sandbox, json.dumps(body).encode())
    assert run("--take-in")[0] == 0
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("form", ["data-text", "raw-reordered", "raw-retyped"])
def test_the_mark_is_read_however_the_api_gives_it_back(ana, sandbox, known, form):
    gone = lost(ana)
    sandbox.behave("raw", form)
    assert run("--take-in")[0] == 0
    taken = Submission.objects.get(pk=gone.pk)
    assert (taken.state, taken.attempt) == (State.CREATED, 1)


ID = "0e6f1d52-3c1c-4f0e-9d5e-2f6f8f1f7a11"


@pytest.mark.parametrize(
    ("raw", "attempt"),
    [
        (RawData({"event_desk": {"submission": ID, "attempt": 3}}), 3),
        (RawData({" Event_Desk ": {"attempt": "3", "submission": ID.upper()}}), 3),
        (RawData({"event_desk": json.dumps({"submission": ID, "attempt": 2})}), 2),
        (RawData({"event_desk": {"submission": ID}}), 1),
        (RawData(None, f'{{"a": 1, "event_desk": {{"submission": "{ID}", "att'), 1),
    ],
)
def test_marks_are_read(raw, attempt):
    assert mark_of(raw) == (UUID(ID), attempt)


@pytest.mark.parametrize(
    "raw",
    [
        RawData(None),
        RawData({}),
        RawData({"submission": ID}),
        RawData({"event_desk": ID}),
        RawData({"other": {"event_desk": {"submission": ID}}}),
        RawData(None, f'{{"submission": "{ID}"}}'),
        RawData(None, '{"event_desk": {"submission": "0e6f1d52-3c1c'),
    ],
)
def test_what_is_no_mark_is_none(raw):
    assert mark_of(raw) is None


def test_an_incomplete_answer_is_2_and_said(ana, sandbox, known):
    lost(ana)
    sandbox.behave("list", "incomplete")
    code, printed = run()
    assert code == 2
    assert "incomplete" in printed


def test_a_list_that_does_not_show_what_is_known_is_2(ana, sandbox, known):
    gone = lost(ana)
    sandbox.behave("list", "stale-list", seconds=3600)
    code, printed = run("--since=2h")
    assert code == 2
    assert "known to be there" in printed
    assert gone.event_uuid not in printed


def test_an_api_that_takes_no_filter_by_creation_lists_all(ana, sandbox, known, monkeypatch):
    gone = lost(ana)

    def refuse(original, client, query):
        if query.get("filters") or query.get("order_by"):
            raise Refused("createdAt: unknown field", status=400)
        return original(client, **query)

    wrapped_list(monkeypatch, refuse)
    assert gone.event_uuid in run()[1]


def test_an_api_whose_filter_by_creation_finds_nothing_lists_all(ana, sandbox, known, monkeypatch):
    gone = lost(ana)

    def nothing(original, client, query):
        page = original(client, **query)
        return replace(page, events=()) if query.get("filters") else page

    wrapped_list(monkeypatch, nothing)
    assert gone.event_uuid in run()[1]


def test_an_api_that_ignores_filters_lists_all(ana, sandbox, known):
    gone = lost(ana)
    sandbox.behave("list", "ignore-filters")
    assert gone.event_uuid in run()[1]


def test_only_what_was_created_since_then_is_looked_at(ana, sandbox, known):
    sandbox.behave("create", "clock", times=1, seconds=-10 * 86_400)
    gone = lost(ana)
    assert run("--since=5d")[0] == 0
    assert gone.event_uuid in run("--since=11d")[1]
    day = (clock.now() - timedelta(days=11)).date()
    assert gone.event_uuid in run(f"--since={day}")[1]


def test_a_since_that_is_no_moment_is_refused(db, sandbox):
    code, printed = run("--since=soon")
    assert code == 1
    assert "Write 2026-11-25" in printed
    assert not sandbox.requests


def test_every_page_is_walked(ana, sandbox, known, monkeypatch):
    monkeypatch.setattr(recover, "PAGE_SIZE", 3)
    gone = [lost(ana, f"Lost {number}", value=f"{number}.example") for number in range(10)]
    code, printed = run("--take-in")
    assert code == 0
    assert printed.count("taken in: created") == len(gone)


def test_a_list_that_repeats_itself_is_2(ana, sandbox, known, monkeypatch):
    lost(ana)

    def stuck(original, client, query):
        return original(client, **query | {"page": 1, "cursor": None})

    wrapped_list(monkeypatch, stuck)
    code, printed = run()
    assert code == 2
    assert "repeats itself" in printed


def test_every_dataset_that_takes_events_is_walked(ana, sandbox, known):
    call_command("refresh_reference", stdout=io.StringIO())
    private = next(each for each in sandbox.ledger.datasets() if not each.is_public)
    gone = lost(ana, dataset_id=private.uuid)
    code, printed = run()
    assert code == 1
    assert gone.event_uuid in printed
    assert "left out: DDoS" in printed
    assert run("--dataset", sandbox.ledger.datasets()[0].uuid)[0] == 0
    assert run("--dataset", private.uuid, "--take-in")[0] == 0
    assert Submission.objects.get(pk=gone.pk).dataset_id == private.uuid


def test_a_dataset_that_cannot_be_listed_does_not_hide_the_others(ana, sandbox, known):
    gone = lost(ana)
    default = sandbox.ledger.datasets()[0].uuid
    code, printed = run("--dataset=00000000-0000-0000-0000-000000000000", "--dataset", default)
    assert code == 2
    assert "could not be listed" in printed
    assert gone.event_uuid in printed


def test_a_pause_is_waited_for(ana, sandbox, known):
    gone = lost(ana)
    sandbox.behave("raw", "429", times=1, seconds=1)
    code, printed = run("--take-in")
    assert code == 0
    assert "asked to wait" in printed
    assert state(gone) == State.CREATED


def test_a_pause_that_another_process_was_told_of_is_waited_for(ana, sandbox, known):
    gone = lost(ana)
    gate.failed(RateLimited("slow down", retry_after=1), create=True)
    code, printed = run("--take-in")
    assert code == 0
    assert "asked to wait" in printed
    assert state(gone) == State.CREATED


def test_an_outage_ends_it_and_the_next_run_goes_on(ana, sandbox, known, monkeypatch):
    monkeypatch.setattr(gate, "FAILURES_MOST", 2)
    for number in range(6):
        carry_out(sandbox, payload(f"Foreign {number}").to_bytes())
    gone = lost(ana)
    original, asked = Client.read_raw, []

    def read_raw(client, dataset, uuid):
        asked.append(uuid)
        if len(asked) > 3:
            sandbox.behave("raw", "drop-before", times=1)
        return original(client, dataset, uuid)

    monkeypatch.setattr(Client, "read_raw", read_raw)
    code, printed = run("--take-in")
    assert code == 2
    assert "has not answered" in printed
    assert "Start again" in printed
    read = {each.path for each in sandbox.requests if each.path.endswith("/raw")}
    assert len(read) == len(asked) == 5
    asked[:] = []
    sandbox.well()
    pass_time(minutes=2)
    work()
    monkeypatch.setattr(Client, "read_raw", original)
    before = raws(sandbox)
    assert run("--take-in")[0] == 0
    assert raws(sandbox) == before + 4
    assert state(gone) == State.CREATED


def test_a_limit_ends_it_and_the_next_run_goes_on(ana, sandbox, known):
    for number in range(4):
        carry_out(sandbox, payload(f"Foreign {number}").to_bytes())
    code, printed = run("--limit=3")
    assert code == 2
    assert "stopped after 3" in printed
    code, printed = run("--limit=3")
    assert code == 0
    assert "1 read" in printed


def test_progress_is_told_on_the_way(ana, sandbox, known, monkeypatch):
    monkeypatch.setattr("events.management.commands.recover_events.TELL_EVERY", 2)
    for number in range(4):
        carry_out(sandbox, payload(f"Foreign {number}").to_bytes())
    assert "5 listed, 2 read" in run()[1]


def test_an_event_that_cannot_be_read_is_2(ana, sandbox, known):
    gone = lost(ana)
    sandbox.behave("raw", "gone", times=1)
    code, printed = run()
    assert code == 2
    assert f"{gone.event_uuid} could not be read" in printed
    assert run()[0] == 1


def test_raw_data_that_is_given_to_nobody_is_2(ana, sandbox, known):
    lost(ana)
    sandbox.behave("raw", "raw-null")
    code, printed = run()
    assert code == 2
    assert "without raw data" in printed
    sandbox.well()
    assert run()[0] == 1


def test_events_without_raw_data_are_others_where_ours_is_given_back(ana, sandbox, known):
    body = json.loads(payload("Foreign").to_bytes())
    body["raw"]["data"] = None
    carry_out(sandbox, json.dumps(body).encode())
    assert run()[0] == 0


def test_nothing_is_ever_sent(ana, sandbox, known):
    lost(ana)
    before = len(creates(sandbox))
    run()
    run("--take-in")
    assert len(creates(sandbox)) == before


def test_a_folder_that_cannot_be_written_only_costs_reading_again(ana, sandbox, settings, known):
    carry_out(sandbox, payload("Foreign").to_bytes())
    settings.STATE_DIR = settings.STATE_DIR / "missing" / "folder"
    for _ in range(2):
        assert "1 read" in run()[1]


def test_it_looks_back_to_the_last_entry_before_the_desk_was_held(ana, sandbox, known):
    assert clock.now() - recovery.unknown_since() > timedelta(days=29)
    before = AuditEntry.objects.order_by("seq").last().at
    history.hold("a test")
    history.hold("another test")
    assert recovery.unknown_since() == before - recover.MARGIN
    assert run()[0] == 0
    assert recovery.unknown_since() == before - recover.MARGIN
    assert run("--take-in", "--since=1s")[0] == 0
    assert recovery.unknown_since() == before - recover.MARGIN
    assert run("--take-in")[0] == 0
    assert clock.now() - recovery.unknown_since() > timedelta(days=29)


def test_texts_that_no_database_takes_are_taken_in(ana, sandbox, known, monkeypatch):
    gone = lost(ana)

    def hostile(original, client, query):
        page = original(client, **query)
        odd = {"event": "a\x00b\ud800", "date": "when", "indicator": 7, "tags": "x"}
        return replace(page, events=tuple({**event, **odd} for event in page.events))

    wrapped_list(monkeypatch, hostile)
    assert run("--take-in")[0] == 0
    taken = Submission.objects.get(pk=gone.pk)
    assert (taken.event, taken.event_date) == ("a\ufffdb?", None)
    services.duplicate(person=person(ana), submission=taken)
