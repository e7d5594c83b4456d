"""Searches in the corners: ways that fail, that lie, or that find the event elsewhere."""

from dataclasses import replace

import pytest

from events.cloudflare import Client, Page
from events.models import ApiGate, State, Submission
from events.outbox import gate
from events.outbox import search as searching
from events.payload import Indicator
from tests.outbox.support import (
    actions,
    carry_out,
    filters,
    held,
    pass_time,
    payload,
    reasons,
    send,
    state,
    unknown,
    work,
    wrapped_list,
)

LONG = "A long account of what was seen. " * 30


def three_looks():
    for seconds in (200, 430, 1210):
        pass_time(seconds=seconds)
        work()


def test_a_raw_read_that_is_refused_makes_no_storm(ana, sandbox, known):
    """403 on one event's raw data closes the gate for all, and the search begins anew at once."""
    submission = unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", "403")
    pass_time(seconds=200)
    before = len(sandbox.requests)
    for _ in range(30):
        gate.forget()
        work()
    assert len(sandbox.requests) - before < 60
    assert "looked_for" in actions(submission)


def test_a_raw_read_that_is_refused_does_not_close_the_desk(ana, ben, sandbox, known):
    unknown(ana, sandbox, "drop-after")
    sandbox.behave("raw", "403")
    pass_time(seconds=200)
    work()
    gate.forget()
    assert gate.closed() is None, gate.closed()
    assert send(ben).state == State.CREATED


def test_raw_reads_that_fail_do_not_keep_the_gate_closed(ana, ben, sandbox, known):
    """Lists and creates work; only raw data does not. 20 cycles of the probe's wait."""
    submission = unknown(ana, sandbox, "drop-after")
    for _ in range(6):
        carry_out(sandbox, payload().to_bytes())
    sandbox.behave("raw", "500-before")
    pass_time(seconds=200)
    closed = 0
    before = len(sandbox.requests)
    for _ in range(20):
        work()
        gate.forget()
        closed += gate.closed() is not None
        pass_time(seconds=6)
    assert "looked_for" in actions(submission)
    assert closed < 5, (closed, len(sandbox.requests) - before)


def test_a_text_of_many_astral_signs_is_found(ana, sandbox, known):
    """300 signs are 600 for the API: the filter is never sent, and the whole search fails."""
    submission = unknown(ana, sandbox, "drop-after", event=payload("\U0001f600" * 300))
    three_looks()
    assert state(submission) == State.CREATED, reasons(submission)[-1]


def test_texts_that_cannot_be_filters_do_not_open_the_breaker(ana, sandbox, known):
    for _number in range(gate.FAILURES_MOST):
        unknown(
            ana,
            sandbox,
            "drop-after",
            event=payload(
                "\U0001f600" * 300,
                "",
            ),
        )
        work()
    ApiGate.objects.all().delete()
    gate.forget()
    pass_time(seconds=200)
    work()
    gate.forget()
    assert gate.closed() is None, gate.closed()


@pytest.mark.parametrize("field", ["event", "date"])
def test_one_way_that_is_refused_does_not_hide_what_another_finds(
    ana, sandbox, known, monkeypatch, field
):
    """The API takes no `equals` on one field (400): the others would find the event."""
    submission = unknown(ana, sandbox, "drop-after")

    def refusing(original, client, query):
        if any(each.field == field for each in query.get("filters") or ()):
            sandbox.behave("list", "400", times=1)
        return original(client, **query)

    wrapped_list(monkeypatch, refusing)
    three_looks()
    assert state(submission) == State.CREATED, reasons(submission)[-1]


def test_one_way_that_is_ignored_does_not_hide_what_another_found(ana, sandbox, known, monkeypatch):
    """The API does not know the filter on dates and returns the newest; ours is an old one."""
    monkeypatch.setattr(searching, "LOOKED_THROUGH_MOST", 20)
    monkeypatch.setattr(searching, "PAGE_SIZE", 10)
    submission = unknown(ana, sandbox, "drop-after")
    for number in range(40):
        noise = payload(f"N {number}", f"{number}.example", date=payload().date.replace(year=2024))
        carry_out(sandbox, noise.to_bytes())

    def deaf(original, client, query):
        if any(each.field == "date" for each in query.get("filters") or ()):
            query["filters"] = []
        return original(client, **query)

    wrapped_list(monkeypatch, deaf)
    three_looks()
    assert state(submission) == State.CREATED, reasons(submission)[-1]


def redated(original, client, query):
    """An API that stores dates with thousandths, and compares filters with what it stored."""
    given = query.get("filters") or ()
    query["filters"] = [
        replace(each, value=str(each.value).replace(".000Z", "Z"))
        if str(each.value).endswith(".000Z")
        else replace(each, value="1971-01-01T00:00:00Z")
        for each in given
        if each.field == "date"
    ] + [each for each in given if each.field != "date"]
    page = original(client, **query)
    return replace(
        page,
        events=tuple(e | {"date": str(e["date"]).replace("Z", ".000Z")} for e in page.events),
    )


def test_the_date_of_the_control_is_the_one_that_was_sent(ana, sandbox, monkeypatch):
    """No indicator, a long text, and an API that writes dates in its own form: a false ABSENT."""
    carry_out(sandbox, payload("Somebody else's", "else.example").to_bytes())
    submission = unknown(ana, sandbox, "drop-after", event=payload(LONG, ""))
    assert held(sandbox, submission)
    wrapped_list(monkeypatch, redated)
    three_looks()
    assert state(submission) != State.ABSENT


def test_the_control_has_as_many_indicators_as_what_is_looked_for(ana, sandbox, known, monkeypatch):
    """The filter on `indicator` sees only events that were sent with one; dates as above."""
    rows = [Indicator(indicator_type="domain", value=v) for v in ("a.example", "b.example")]
    event = type(payload()).with_indicators(
        rows,
        **{n: getattr(payload(LONG, ""), n) for n in ("category", "date", "event", "tlp", "raw")},
    )
    submission = unknown(ana, sandbox, "drop-after", event=event)
    assert held(sandbox, submission)

    def single(original, client, query):
        if any(
            each.field == "indicator" and each.value in ("a.example", "b.example")
            for each in query.get("filters") or ()
        ):
            return Page(events=())
        return redated(original, client, query)

    wrapped_list(monkeypatch, single)
    three_looks()
    assert state(submission) != State.ABSENT


def test_an_empty_page_with_a_cursor_is_not_the_end(ana, sandbox, known, monkeypatch):
    """The API filters after it pages: the first page is empty, and names the next."""
    submission = unknown(ana, sandbox, "drop-after")
    assert held(sandbox, submission)
    asked = {}

    def late(original, client, query):
        if query.get("cursor", "") and query["cursor"].startswith("later-"):
            again = asked[query["cursor"]]
            return original(client, **again)
        values = [str(each.value) for each in query.get("filters") or ()]
        wire = payload().to_wire()
        if {wire["indicator"], wire["event"], wire["date"]} & set(values):
            cursor = f"later-{len(asked)}"
            asked[cursor] = dict(query)
            return Page(events=(), cursor=cursor)
        return original(client, **query)

    wrapped_list(monkeypatch, late)
    three_looks()
    assert state(submission) != State.ABSENT


def test_an_event_that_was_moved_to_another_dataset_is_not_called_absent(
    ana, sandbox, known, monkeypatch
):
    """Somebody moved it there before we looked (events can be moved)."""
    submission = unknown(ana, sandbox, "drop-after")
    (uuid,) = held(sandbox, submission)
    move(sandbox, uuid)
    three_looks()
    assert state(submission) != State.ABSENT


def move(sandbox, uuid):
    """The event is in another dataset now."""
    other = next(
        d.uuid for d in sandbox.ledger.datasets() if d.uuid != event_of(sandbox, uuid).dataset_id
    )
    connection = sandbox.ledger._connection
    with sandbox.ledger._lock, connection:
        connection.execute(
            "UPDATE events SET dataset_id = ?, answer = json_set(answer, '$.datasetId', ?) "
            "WHERE uuid = ?",
            (other, other, uuid),
        )


def event_of(sandbox, uuid):
    return sandbox.ledger.event(uuid)


def test_a_list_without_dataset_ids_does_not_open_the_breaker(ana, sandbox, monkeypatch):
    """No dataset chosen, and events that do not name theirs: every raw read is "not sent"."""
    for number in range(3):
        send(ana, event=payload(f"Known {number}"))
    unknown(ana, sandbox, "drop-after")
    for _ in range(6):
        carry_out(sandbox, payload().to_bytes())

    def without(original, client, query):
        page = original(client, **query)
        return replace(
            page,
            events=tuple({k: v for k, v in e.items() if k != "datasetId"} for e in page.events),
        )

    wrapped_list(monkeypatch, without)
    pass_time(seconds=200)
    work()
    gate.forget()
    assert gate.closed() is None, gate.closed()


def test_a_uuid_in_capitals_is_the_same_event(ana, sandbox, known, monkeypatch):
    """The list writes uuids in upper case: CREATED once must not become DUPLICATED."""
    submission = send(ana)

    def loud(original, client, query):
        page = original(client, **query)
        return replace(page, events=tuple(e | {"uuid": e["uuid"].upper()} for e in page.events))

    wrapped_list(monkeypatch, loud)
    original = Client.read_raw
    monkeypatch.setattr(Client, "read_raw", lambda c, d, e: original(c, d, e.lower()))
    pass_time(minutes=11)
    work()
    assert state(submission) == State.CREATED


def test_one_strange_event_does_not_end_the_worker(ana, sandbox, known, monkeypatch):
    """A uuid that is an object: whatever it means, the worker goes on."""
    unknown(ana, sandbox, "drop-after")

    def strange(original, client, query):
        page = original(client, **query)
        return replace(page, events=(*page.events, {"uuid": {"id": 1}, "event": "x"}))

    wrapped_list(monkeypatch, strange)
    pass_time(seconds=200)
    work()


def test_a_sweep_does_not_read_the_whole_list_when_the_filter_is_ignored(
    ana, sandbox, known, monkeypatch
):
    """A sweep never asks whether the filter is ignored: up to 20,000 rows, for each event."""
    monkeypatch.setattr(searching, "PAGE_SIZE", 20)
    for number in range(240):
        carry_out(sandbox, payload(f"N {number}", f"{number}.example").to_bytes())
    created = send(ana)
    sandbox.behave("list", "ignore-filters")
    pass_time(minutes=11)
    Submission.objects.exclude(pk=created.pk).update(sweep_at=None)
    before = len(filters(sandbox))
    work()
    assert len(filters(sandbox)) - before < 10
