"""A long audit log, quickly: `python -m tests.bench.fill ENTRIES` in the database that is set."""

import os
import sys
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=47)
PAYLOAD = '{"category":"Domain Resolution","event":"%s"}' % ("An attacker registered it. " * 30)


def fill(entries: int) -> None:
    """Append until the chain holds `entries`: every fifth has texts and indicators."""
    from django.db import connection, transaction

    from events.audit import chain

    last = chain.head()
    while last.seq < entries:
        with transaction.atomic(), connection.cursor() as cursor:
            links = []
            for _ in range(min(5000, entries - last.seq)):
                links.append(chain._link(_fact(last.seq), last, START + STEP * last.seq))
                last = chain.Head(links[-1].entry.seq, links[-1].entry.hash)
            chain._store(cursor, links)


def _fact(number: int) -> "audit.Fact":  # noqa: F821
    from events import audit

    actions = ("submission.frozen", "submission.sending", "submission.created", "audit.viewed")
    is_rare = number % 50_000 == 7
    actor = audit.Actor(number % 9, f"person{number % 9}", "192.0.2.7", f"{number:032x}")
    return audit.Fact(
        "user.roles_changed" if is_rare else actions[number % 4],
        audit.Actor(99, "rare", "192.0.2.9") if is_rare else actor,
        object_id=f"00000000-0000-4000-8000-{number // 4:012x}",
        outcome="denied" if is_rare else "ok",
        tlp="red" if is_rare else ("green", "amber", "clear")[number % 3],
        attempt=1,
        status=200,
        attachments={} if number % 5 else {"payload": PAYLOAD},
        terms=() if number % 5 else (f"host{number}.example", "common.example"),
    )


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
