"""All verbs side by side: people, workers, trouble, and the books on what was acknowledged."""

import json
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.test import Client

from events import clock, outbox, services
from events.models import EventTemplate, KnownValue, Look, State, Submission
from events.payload import EventCreate, Indicator, Raw
from events.sandbox import Sandbox
from events.services import Person, templates

# What a person is told; anything else that comes out of a verb is a fault.
TOLD = (services.Conflict, services.NotAllowed, services.TooMany, templates.NotSaved)
NOT_THERE = {State.DRAFT, State.READY, State.REJECTED, State.ABSENT, State.DISCARDED}
# Of a person's submissions, the newest: threads of one person meet at them.
RECENT = 25
BAD_WEATHER = (
    *("500-before", "500-after", "503-before", "drop-before", "drop-after", "truncate"),
    *("400", "401", "403", "html-200"),
)
BAD_LISTS = ("500-before", "drop-before", "ignore-filters", "incomplete", "list-reordered")


@dataclass
class Books:
    """What was acknowledged to people, and what went wrong. Safe to use from threads."""

    operations: int
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    texts: dict[UUID, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> bool:
        """Whether another operation is to be done."""
        with self._lock:
            self.operations -= 1
            return self.operations >= 0 and not self.faults

    def acknowledged(self, verb: str) -> None:
        """A verb came to its end."""
        with self._lock:
            self.done[verb] += 1

    def wrote(self, submission: Submission, typed: dict[str, Any]) -> None:
        """A text was acknowledged: it is that of this version, and of no other writer's."""
        text = json.dumps(typed)
        if submission.typed != text:
            self.fault(f"{submission.pk}: acknowledged, and the text is not what was typed")
        with self._lock:
            other = self.texts[submission.pk].setdefault(submission.version, text)
        if other != text:
            self.fault(f"{submission.pk}: two texts are version {submission.version}")

    def fault(self, text: str) -> None:
        """Something that may never happen."""
        with self._lock:
            self.faults.append(text)

    @contextmanager
    def thread(self) -> Iterator[None]:
        """A thread's whole work: what it raises is a fault, its connection is closed."""
        try:
            yield
        except Exception:
            self.fault(traceback.format_exc())
        finally:
            connection.close()


class Analyst:
    """One browser of a person; several of them share the person's submissions, in `own`."""

    def __init__(
        self, person: Person, browser: Client, own: list[UUID], books: Books, seed: str
    ) -> None:
        self._person, self._browser, self._own = person, browser, own
        self._books, self._random = books, Random(seed)
        self._verbs: dict[str, tuple[int, Callable[[], None]]] = {
            "saved": (6, self._save),
            "edited": (8, self._edit),
            "sent": (5, self._send),
            "draft sent": (8, self._send_draft),
            "sent twice": (2, self._send_twice),
            "sent_again": (4, self._send_again),
            "taken_back": (5, self._take_back),
            "discarded": (3, self._discard),
            "restored": (3, self._restore),
            "declared_absent": (2, self._declare_absent),
            "declared_unsent": (1, self._declare_unsent),
            "hurried": (2, self._try_now),
            "duplicated": (2, self._duplicate),
            "corrected": (2, self._correct),
            "looked again": (2, self._look_again),
            "template.saved": (2, self._save_template),
            "template.renamed": (2, self._rename_template),
            "template.deleted": (2, self._delete_template),
            "signed in": (1, self._sign_in),
            "not signed in": (1, self._mistype),
        }

    def work(self) -> None:
        """Do one thing after the other until it is enough."""
        names = list(self._verbs)
        weights = [weight for weight, _ in self._verbs.values()]
        with self._books.thread():
            while self._books.begin():
                [name] = self._random.choices(names, weights)
                try:
                    self._verbs[name][1]()
                except TOLD:
                    self._books.acknowledged(f"{name}: told no")
                else:
                    self._books.acknowledged(name)

    def _one(self, *states: State) -> Submission:
        """One of the newest own submissions in one of `states`. Raises `Conflict` for none."""
        for _ in range(8):
            if self._own:
                pk = self._random.choice(self._own[-RECENT:])
                found = Submission.objects.filter(pk=pk, state__in=states).first()
                if found is not None:
                    return found
        raise services.Conflict("none is in this state")

    def _typed(self) -> dict[str, Any]:
        return {"event": f"Text {uuid4()} & <more>", "category": "Domain Resolution"}

    def _payload(self, typed: dict[str, Any]) -> EventCreate:
        return EventCreate.with_indicators(
            [Indicator(indicator_type="domain", value=f"{uuid4().hex}.example")],
            category="Domain Resolution",
            date=datetime(2022, 4, 1, tzinfo=UTC)
            + timedelta(minutes=self._random.randrange(10**6)),
            event=typed["event"],
            tlp="amber",
            raw=Raw(data={}),
        )

    def _save(self) -> None:
        token, typed = uuid4(), self._typed()
        saved = services.save_draft(person=self._person, token=token, typed=typed)
        self._books.wrote(saved, typed)
        self._own.append(token)

    def _edit(self) -> None:
        draft, typed = self._one(State.DRAFT, State.REJECTED), self._typed()
        saved = services.save_draft(
            person=self._person,
            token=uuid4(),
            typed=typed,
            submission=draft,
            version=draft.version,
        )
        self._books.wrote(saved, typed)

    def _send(self) -> None:
        token, typed = uuid4(), self._typed()
        self._own.append(token)
        self._sent(token, typed)

    def _send_draft(self) -> None:
        draft = self._one(State.DRAFT, State.REJECTED)
        self._sent(uuid4(), self._typed(), submission=draft, version=draft.version)

    def _sent(self, token: UUID, typed: dict[str, Any], **more: Any) -> None:
        sent = services.send(
            person=self._person, token=token, typed=typed, payload=self._payload(typed), **more
        )
        self._books.wrote(sent, typed)

    def _send_twice(self) -> None:
        """A reload of the page that sent it: nothing is sent, and no text is written."""
        old = self._one(State.SENDING, State.CREATED, State.UNKNOWN, State.READY)
        typed = old.typed_values
        services.send(person=self._person, token=old.pk, typed=typed, payload=self._payload(typed))

    def _send_again(self) -> None:
        services.send_again(
            person=self._person, submission=self._one(State.ABSENT), reason="it is not there"
        )

    def _take_back(self) -> None:
        services.take_back(person=self._person, submission=self._one(State.READY))

    def _discard(self) -> None:
        services.discard(person=self._person, submission=self._one(State.DRAFT, State.REJECTED))

    def _restore(self) -> None:
        services.restore(person=self._person, submission=self._one(State.DISCARDED))

    def _declare_absent(self) -> None:
        services.declare_absent(
            person=self._person, submission=self._one(State.UNKNOWN), reason="looked"
        )

    def _declare_unsent(self) -> None:
        services.declare_unsent(
            person=self._person, submission=self._one(State.READY), reason="looked"
        )

    def _try_now(self) -> None:
        services.try_now(person=self._person, submission=self._one(State.READY))

    def _duplicate(self) -> None:
        old = self._one(State.CREATED, State.REJECTED, State.DRAFT)
        self._own.append(services.duplicate(person=self._person, submission=old).pk)

    def _correct(self) -> None:
        old = self._one(State.REJECTED)
        self._own.append(services.correct(person=self._person, submission=old).pk)

    def _look_again(self) -> None:
        services.look_again(person=self._person, submission=self._one(State.CREATED))

    def _save_template(self) -> None:
        name = f"name {self._random.randrange(12)}"
        templates.save(person=self._person, name=name, typed=self._typed(), is_team=False)

    def _rename_template(self) -> None:
        name = f"name {self._random.randrange(12)}"
        templates.rename(person=self._person, template=self._template(), name=name)

    def _delete_template(self) -> None:
        templates.delete(person=self._person, template=self._template())

    def _template(self) -> EventTemplate:
        found = list(EventTemplate.objects.filter(owner=self._person.user))
        if not found:
            raise services.Conflict("there is none")
        return self._random.choice(found)

    def _sign_in(self) -> None:
        self._post_sign_in("correct horse battery staple")
        self._browser.post("/accounts/logout/")

    def _mistype(self) -> None:
        self._post_sign_in("wrong")

    def _post_sign_in(self, password: str) -> None:
        fields = {"username": self._person.user.username, "password": password}
        answer = self._browser.post("/accounts/login/", fields)
        if answer.status_code >= 500:
            self._books.fault(f"sign-in answers {answer.status_code}")


def keep_house(browser: Client, books: Books, seed: str) -> None:
    """An administrator changes the known values in the admin's pages."""
    random = Random(seed)
    with books.thread():
        while not books.over.wait(0.05):
            value = f"known-{random.randrange(10)}.example"
            fields = {"kind": "known", "match": "domain", "value": value, "active": "on"}
            fields |= {"level": random.choice(("inform", "block")), "note": str(uuid4())}
            old = KnownValue.objects.filter(value=value).first()
            path = f"{old.pk}/{random.choice(('change', 'delete'))}" if old else "add"
            fields = {"post": "yes"} if path.endswith("delete") else fields
            answer = browser.post(f"/admin/events/knownvalue/{path}/", fields)
            if answer.status_code not in {200, 302}:
                books.fault(f"the admin's {path} answers {answer.status_code}")
            elif answer.status_code == 302:
                books.acknowledged("known value changed")


def deliver(width: int, books: Books) -> None:
    """A worker, round after round."""
    crew = outbox.Crew(width)
    with books.thread():
        try:
            while not books.over.wait(0.02):
                for _ in outbox.work(services.client(), crew):
                    books.acknowledged(f"moved by a crew of {width}")
        finally:
            crew.close()


def make_weather(sandbox: Sandbox, books: Books, seed: str) -> None:
    """The API behaves badly for one request, again and again."""
    random = Random(seed)
    with books.thread():
        while not books.over.wait(0.04):
            sandbox.well()
            if random.random() < 0.5:
                sandbox.behave("create", random.choice(BAD_WEATHER), times=random.choice((1, 1, 3)))
            if random.random() < 0.2:
                sandbox.behave("list", random.choice(BAD_LISTS), times=2)


def hurry(books: Books, seed: str) -> None:
    """Time passes in leaps: leases run out under way, what waits is due, what is settled too."""
    random = Random(seed)
    with books.thread():
        while not books.over.wait(0.1):
            now = clock.now()
            rows = Submission.objects.all()
            if random.random() < 0.3:
                rows.filter(state=State.SENDING).update(lease_until=now - timedelta(seconds=1))
            rows.filter(state__in=(State.READY, State.UNKNOWN)).update(next_at=now)
            settled = rows.filter(sweep_at__isnull=False)
            some = list(settled.order_by("sweep_at").values_list("pk", flat=True)[:2])
            settled.filter(pk__in=some).update(sweep_at=now)


def settle_all(seconds: float) -> None:
    """Workers until nothing is left to do and everything settled has been swept."""
    until = time.monotonic() + seconds
    pending = Submission.objects.filter(state__in=(State.READY, State.SENDING, State.UNKNOWN))
    while pending.exists():
        now = clock.now()
        pending.filter(state=State.SENDING).update(lease_until=now - timedelta(seconds=1))
        pending.update(next_at=now)
        _rounds()
        if time.monotonic() > until:
            raise AssertionError(f"still pending: {Counter(pending.values_list('state'))}")
    swept = Submission.objects.filter(sweep_at__isnull=False)
    swept.update(sweep_at=clock.now())
    while swept.filter(sweep_at__lte=clock.now()).exists():
        _rounds()
        if time.monotonic() > until:
            raise AssertionError("the sweeps do not end")


def _rounds() -> None:
    for _ in outbox.work(services.client()):
        pass
    time.sleep(0.02)


def wrong_states(sandbox: Sandbox) -> list[str]:
    """Submissions whose state is not what the ledger says, and events that nobody knows here."""
    tally = sandbox.ledger.tally()
    wrong = []
    for row in Submission.objects.exclude(look=Look.GONE):
        known = tally.pop(str(row.pk), None)
        held = set(known.events) if known else set()
        if fault := _fault(row, held):
            wrong.append(f"{row.pk} is {row.state} ({fault})")
    return wrong + [f"{key} is not known here" for key, each in tally.items() if each.events]


def _fault(row: Submission, held: set[str]) -> str:
    if row.state in NOT_THERE:
        return f"{len(held)} there" if held else ""
    if row.state == State.CREATED:
        return "" if held == {row.event_uuid} else f"as {row.event_uuid}, there {held}"
    if row.state == State.DUPLICATED:
        same = set(row.found_uuids) == held and len(held) > 1
        return "" if same else f"found {row.found_uuids}, there {held}"
    return "not settled"


def lost_texts(books: Books) -> list[str]:
    """Submissions whose stored text is not the last one that was acknowledged."""
    stored = dict(Submission.objects.values_list("pk", "typed"))
    return [
        f"{pk}: version {max(versions)} is not stored"
        for pk, versions in books.texts.items()
        if stored.get(pk) != versions[max(versions)]
    ]
