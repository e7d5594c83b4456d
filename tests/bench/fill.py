"""A long audit log, quickly: `python -m tests.bench.fill ENTRIES` in the database that is set."""

import os
import sys
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=47)
TEXT = "An attacker registered it. " * 30
PAYLOAD = (
    '{"category":"Domain Resolution","date":"2024-01-01T00:00:00Z","event":"%s","indicators":['
    '{"indicatorType":"domain","value":"host%d.example"},'
    '{"indicatorType":"domain","value":"common.example"}]}'
)
ACTIONS = ("submission.frozen", "submission.sending", "submission.created", "audit.viewed")
EACH = len(ACTIONS)
ANSWER = {"answer": "{}"}


def fill(entries: int) -> None:
    """Append until the chain holds `entries`: an event for each four of them."""
    from django.db import connection, transaction

    from events.audit import chain, seal

    last, key = chain.head(), seal.newest()
    while last.seq < entries:
        with transaction.atomic(), connection.cursor() as cursor:
            links, first = [], last.seq
            for _ in range(min(5000, entries - last.seq)):
                links.append(chain._link(_fact(last.seq), last, START + STEP * last.seq, key))
                last = links[-1].head
            _add_submissions(cursor, range(first + -first % EACH, last.seq, EACH), last.seq)
            chain._store(cursor, links)


def _add_submissions(cursor: object, numbers: range, end: int) -> None:
    """The events that entries from each of `numbers` on are about, as they are at entry `end`."""
    from events import rows
    from events.models import Submission, SubmissionIndicator
    from events.payload import sha256
    from events.payload.values import value_of

    columns = tuple(field.attname for field in Submission._meta.concrete_fields)
    made, keys = [], []
    for number in numbers:
        body = _payload(number).encode()
        states = ("ready", "sending", "created", "created")
        made.append(
            Submission(
                id=_id(number),
                state=states[min(end - number, EACH) - 1],
                tlp=_tlp(number),
                category="Domain Resolution",
                event=TEXT,
                event_date=START,
                attempt=1,
                created_at=START,
                updated_at=START,
                body=body,
                body_sha256=sha256(body),
                answer="{}" if end - number > EACH - 2 else "",
                event_uuid="u" if end - number > EACH - 2 else "",
            )
        )
        values = (f"host{number}.example", "common.example")
        keys += [(_id(number), value_of("domain", value).key) for value in values]
    rows.insert(cursor, Submission, columns, [[getattr(m, name) for name in columns] for m in made])
    rows.insert(cursor, SubmissionIndicator, ("submission_id", "key"), keys)


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number // EACH:012x}"


def _tlp(number: int) -> str:
    return ("green", "amber", "clear")[number // EACH % 3]


def _payload(number: int) -> str:
    return PAYLOAD % (TEXT, number)


def _fact(number: int) -> "audit.Fact":  # noqa: F821
    from events import audit

    action = ACTIONS[number % EACH]
    is_rare = number % 50_000 == 7
    actor = audit.Actor(number % 9, f"person{number % 9}", "192.0.2.7", f"{number:032x}")
    texts = {"submission.frozen": {"payload": _payload(number)}, "submission.created": ANSWER}
    is_frozen = action == "submission.frozen"
    return audit.Fact(
        "user.roles_changed" if is_rare else action,
        audit.Actor(99, "rare", "192.0.2.9") if is_rare else actor,
        object_id=_id(number),
        outcome="denied" if is_rare else "ok",
        reason="uuid u" if action == "submission.created" else "",
        tlp="red" if is_rare else _tlp(number),
        attempt=1,
        status=200,
        attachments=texts.get(action, {}),
        terms=(f"host{number}.example", "common.example") if is_frozen else (),
    )


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
