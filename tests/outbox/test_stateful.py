"""A state machine of people, a worker, an API and deaths: the invariants hold after every step.

Time is the database's: it passes by moving every stored moment back. A request that was cut off
may still be carried out for `LATEST` seconds, which is less than the quiet period.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, strategies
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from events import audit, services
from events.audit.submissions import compare
from events.models import ApiGate, AuditEntry, FormToken, State, Submission, Throttle
from events.outbox import gate
from tests.outbox.support import (
    TYPED,
    Death,
    actions,
    carry_out,
    creates,
    held,
    pass_time,
    payload,
    person,
    send,
    stored_text,
    work,
)

LATEST = 100.0
ANSWERS = ("ok", "ok", "envelope", "429", "400", "500-before", "500-after", "drop-before")
ANSWERS += ("drop-after", "truncate", "html-200")
DROPPED = {"drop-before"}
BEFORE_SENDING = {"frozen", "sent_again", "deferred"}
NONE_THERE = {State.DRAFT, State.DISCARDED, State.READY, State.REJECTED, State.ABSENT}


@dataclass
class Form:
    """A form on somebody's screen, and the last text that was acknowledged."""

    token: UUID
    pk: UUID
    text: str = ""
    copied: bool = False


@dataclass
class Late:
    """A request that was cut off on its way, and for how long the API may still carry it out."""

    body: bytes
    left: float = LATEST


@dataclass
class Model:
    """What the machine knows besides the product."""

    forms: list[Form] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)


class Delivery(RuleBasedStateMachine):
    """Set `ana`, `sandbox` and `fate` on a subclass."""

    forms = Bundle("forms")

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        send(self.ana, event=payload("Known", "known.example"))

    def teardown(self) -> None:
        FormToken.objects.all().delete()
        Submission.objects.all().delete()
        Throttle.objects.all().delete()
        ApiGate.objects.all().delete()
        gate.forget()
        self.sandbox.reset()
        self.fate.dies = ""

    def text(self, form: Form, number: int) -> dict[str, object]:
        return TYPED | {"event": f"Text {form.pk} {number}", "note": "\x00 \ud83e"}

    def attempt(self, act, answer: str, dies: str):
        """`act` of a person or a worker, with the API and the process as they are this time."""
        self.sandbox.well()
        self.sandbox.behave("create", answer, times=1)
        before, self.fate.dies = len(self.fate.bodies), dies
        try:
            return act()
        except Death:
            return None
        finally:
            self.fate.dies = ""
            self.sandbox.well()
            for body in self.fate.bodies[before:]:
                if answer in DROPPED or dies == "before":
                    self.model.late.append(Late(body))

    @rule(target=forms, number=strategies.integers(0, 9))
    def save_a_new_draft(self, number):
        token = uuid4()
        form = Form(token, token)
        typed = self.text(form, number)
        services.save_draft(person=person(self.ana), token=token, typed=typed)
        form.text = json.dumps(typed)
        self.model.forms.append(form)
        return form

    @rule(form=forms, number=strategies.integers(0, 9))
    def save_again(self, form, number):
        typed, own = self.text(form, number), form.token == form.pk
        submission = None if own else Submission.objects.get(pk=form.pk)
        with suppress(services.Conflict):
            services.save_draft(
                person=person(self.ana), token=form.token, typed=typed, submission=submission
            )
            form.text = json.dumps(typed)

    @rule(
        form=forms,
        answer=strategies.sampled_from(ANSWERS),
        dies=strategies.sampled_from(["", "", "", "before", "after"]),
    )
    def post(self, form, answer, dies):
        known = Submission.objects.get(pk=form.pk)
        version, state = known.version, known.state
        typed = self.text(form, 1)
        event = payload(f"Event {form.pk}", f"{form.pk}.example"[:60])
        sent = len(self.fate.bodies)
        submission = None if form.token == form.pk else known

        def act():
            return services.send(
                person=person(self.ana),
                token=form.token,
                typed=typed,
                payload=event,
                submission=submission,
            )

        try:
            self.attempt(act, answer, dies)
        except services.Conflict:
            assert len(self.fate.bodies) == sent
            return
        if Submission.objects.get(pk=form.pk).version != version:
            form.text = json.dumps(typed)
        assert len(self.fate.bodies) <= sent + 1
        if state not in {State.DRAFT, State.REJECTED}:
            assert len(self.fate.bodies) == sent

    @rule(target=forms, form=consumes(forms))
    def open_anew(self, form):
        """The page of what can be edited shows a form of its own."""
        if Submission.objects.get(pk=form.pk).state in {State.DRAFT, State.REJECTED}:
            form.token = uuid4()
        return form

    def decide(self, verb, form, **rest):
        submission = Submission.objects.get(pk=form.pk)
        with suppress(services.Conflict):
            verb(person=person(self.ana), submission=submission, **rest)

    @rule(form=forms)
    def discard(self, form):
        self.decide(services.discard, form)

    @rule(form=forms)
    def restore(self, form):
        self.decide(services.restore, form)

    @rule(form=forms)
    def take_back(self, form):
        self.decide(services.take_back, form)

    @rule(form=forms)
    def declare_absent(self, form):
        self.decide(services.declare_absent, form, reason="I looked")

    @rule(
        form=forms,
        answer=strategies.sampled_from(ANSWERS),
        dies=strategies.sampled_from(["", "", "before", "after"]),
    )
    def send_again(self, form, answer, dies):
        if Submission.objects.get(pk=form.pk).body is None:
            return
        self.attempt(lambda: self.decide(services.send_again, form, reason="gone"), answer, dies)

    @rule(answer=strategies.sampled_from(ANSWERS), dies=strategies.sampled_from(["", "", "after"]))
    def a_round_of_the_worker(self, answer, dies):
        self.attempt(work, answer, dies)

    @rule(trouble=strategies.sampled_from(["500-before", "ignore-filters", "stale-list"]))
    def a_round_while_lists_are_in_trouble(self, trouble):
        self.sandbox.well()
        self.sandbox.behave("list", trouble)
        work()
        self.sandbox.well()

    @rule(seconds=strategies.sampled_from([1, 30, 61, 90, 185, 430, 1210, 7 * 3600]))
    def time_passes(self, seconds):
        pass_time(seconds=seconds)
        for late in self.model.late:
            late.left -= seconds
        self.model.late = [late for late in self.model.late if late.left > 0]

    @precondition(lambda self: self.model.late)
    @rule()
    def a_late_request_is_carried_out_after_all(self):
        carry_out(self.sandbox, self.model.late.pop().body)

    @rule(form=forms)
    def somebody_copies_the_event_there(self, form):
        submission = Submission.objects.get(pk=form.pk)
        if submission.state == State.CREATED and not form.copied:
            carry_out(self.sandbox, bytes(submission.body))
            form.copied = True

    @rule()
    def all_that_is_left_is_done(self):
        """A day of the worker: nothing stays unknown, and no copy stays untold."""
        for seconds in (40, 500, 1300, 1300, 7 * 3600, 7 * 3600):
            self.time_passes(seconds)
            self.attempt(work, "ok", "")
        for form in self.model.forms:
            state = Submission.objects.get(pk=form.pk).state
            assert state not in {State.SENDING, State.UNKNOWN, State.READY}
            assert state == State.DUPLICATED or len(self.there(form)) < 2

    def there(self, form):
        return self.sandbox.ledger.events(str(form.pk))

    @invariant()
    def acknowledged_text_is_stored(self):
        for form in self.model.forms:
            assert stored_text(Submission(pk=form.pk)) == form.text

    @invariant()
    def states_are_true(self):
        for form in self.model.forms:
            submission = Submission.objects.get(pk=form.pk)
            uuids = {event.uuid for event in self.there(form)}
            if submission.state in NONE_THERE:
                assert not uuids, submission.state
            if submission.state == State.CREATED and not form.copied:
                assert uuids == {submission.event_uuid}
            if submission.state == State.DUPLICATED:
                assert set(submission.found_uuids) == uuids
                assert len(uuids) > 1

    @invariant()
    def every_send_was_asked_for(self):
        """SENDING follows only what a person did, or what the API is known not to have taken."""
        for form in self.model.forms:
            submission = Submission.objects.get(pk=form.pk)
            log = actions(submission)
            sendings = [place for place, action in enumerate(log) if action == "sending"]
            assert all(log[place - 1] in BEFORE_SENDING for place in sendings)
            assert submission.attempt == len(sendings)
            assert len(held(self.sandbox, submission)) <= len(sendings) + form.copied

    @invariant()
    def the_log_tells_the_state(self):
        last = {
            "drafted": State.DRAFT,
            "taken_back": State.DRAFT,
            "restored": State.DRAFT,
            "discarded": State.DISCARDED,
            "deferred": State.READY,
            "sending": State.SENDING,
            "created": State.CREATED,
            "found": State.CREATED,
            "refused": State.REJECTED,
            "unknown": State.UNKNOWN,
            "looked_for": State.UNKNOWN,
            "looked_again": State.CREATED,
            "absent": State.ABSENT,
            "declared_absent": State.ABSENT,
            "duplicated": State.DUPLICATED,
        }
        for form in self.model.forms:
            submission = Submission.objects.get(pk=form.pk)
            assert last[actions(submission)[-1]] == submission.state

    @invariant()
    def nothing_is_there_without_a_record(self):
        marks = {event.submission for event in self.sandbox.ledger.events()}
        assert marks <= {str(pk) for pk in Submission.objects.values_list("pk", flat=True)}
        assert len(creates(self.sandbox)) < self.sandbox.settings.requests_kept

    @invariant()
    def submissions_are_as_the_log_says(self):
        assert compare()[1] is None


@pytest.mark.slow
def test_the_invariants_hold_in_every_order_of_events(ana, sandbox, fate, settings):
    settings.SEND_LIMIT = 1_000_000
    machine = type("Machine", (Delivery,), {"ana": ana, "sandbox": sandbox, "fate": fate})
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert AuditEntry.objects.count() > 100
    # The chain is whole; what it tells of was deleted behind each run.
    fault = audit.verify().fault
    assert fault is not None
    assert "it is gone" in fault.reason
