"""What every verb on a submission asks first: whose it is, in which state, and not too often."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from events import outbox
from events.models import AuditEntry, State, Submission
from events.services.people import NotAllowed, Person

SEND = "events.send_submission"
WRITE = "events.add_submission"
SEND_WINDOW = timedelta(minutes=5)
# In SQL, because every send waits for it and compiling the query costs more than running it. Few
# entries of any kind are few sends: that many read an index alone, the sends among them each row.
_ANY = (
    f"SELECT at FROM {AuditEntry._meta.db_table} "  # noqa: S608
    "WHERE actor = %s AND at > %s ORDER BY at DESC LIMIT 1 OFFSET %s"
)
_RECENT = (
    f"SELECT at FROM {AuditEntry._meta.db_table} "  # noqa: S608
    "WHERE actor = %s AND at > %s AND action IN ('submission.frozen', 'submission.sent_again') "
    "ORDER BY at DESC LIMIT 1 OFFSET %s"
)


class Conflict(Exception):
    """The submission changed meanwhile; the text tells the person."""


class TooMany(Exception):
    """The person sends faster than people do; the text says when to go on."""


def must_be_own(person: Person, submission: Submission) -> None:
    """Raise `NotAllowed` unless `person` is the author."""
    if submission.author_id != person.user.pk:
        raise NotAllowed("this belongs to somebody else")


def must_be_editable(person: Person, submission: Submission) -> None:
    """Raise `NotAllowed` for somebody else's, `Conflict` for one that cannot be changed."""
    must_be_own(person, submission)
    if submission.may_exist:
        raise Conflict(
            "An earlier send of this event may still exist, and is looked for by this text. "
            "Correct it in an event of its own."
        )
    if not submission.is_editable:
        raise Conflict(
            f"This event is {submission.get_state_display().lower()} by now and cannot be changed."
        )


def must_not_run_away(person: Person, now: datetime) -> None:
    """Raise `TooMany` after `SEND_LIMIT` sends in five minutes, by the log, which misses none."""
    limit = settings.SEND_LIMIT
    since = connection.ops.adapt_datetimefield_value(now - SEND_WINDOW)
    with connection.cursor() as cursor:
        for statement in (_ANY, _RECENT):
            cursor.execute(statement, [person.actor.name, since, limit - 1])
            if (first := cursor.fetchone()) is None:
                return
    raise TooMany(
        f"You sent {limit} events within five minutes. Nothing was sent now, and your text is "
        f"kept. Go on at {first[0] + SEND_WINDOW:%H:%M:%S} UTC."
    )


def move(submission: Submission, *path: State, **changes: Any) -> None:
    """`outbox.move`, with `Conflict` for whatever stands in the way."""
    try:
        outbox.move(submission, *path, **changes)
    except (outbox.Lost, ValueError):
        raise Conflict("It changed meanwhile. Load the page again.") from None
