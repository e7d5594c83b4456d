"""The states of a submission, their words for people, and the transitions that are allowed."""

from typing import NamedTuple

from django.db import models


class State(models.TextChoices):
    """Where a submission stands; the value is also `data-state` on its pages."""

    DRAFT = "draft", "Draft"
    READY = "ready", "Waiting"
    SENDING = "sending", "Sending"
    CREATED = "created", "Created"
    REJECTED = "rejected", "Refused"
    UNKNOWN = "unknown", "Unknown"
    DUPLICATED = "duplicated", "Duplicated"
    ABSENT = "absent", "Not there"
    DISCARDED = "discarded", "Discarded"

    @property
    def words(self) -> "Words":
        """What the state means, what happens next, and what people may do."""
        return _WORDS[self]


class Look(models.TextChoices):
    """What a later look at a created event showed."""

    SAME = "same", "Still as sent"
    CHANGED = "changed", "Changed there"
    GONE = "gone", "Gone"


class Words(NamedTuple):
    """Sentences for people about one state."""

    meaning: str
    next: str
    may_do: str


_WORDS = {
    State.DRAFT: Words(
        "Kept here. Nothing has been sent.",
        "Nothing happens by itself.",
        "Go on writing, send it, or discard it.",
    ),
    State.READY: Words(
        "Ready to go. Nothing has been created yet.",
        "It is sent by itself as soon as the API can be reached.",
        "Wait, or take it back to change it. Do not type it again.",
    ),
    State.SENDING: Words(
        "On its way. The API has not answered yet.",
        "This page shows the answer as soon as it is here.",
        "Wait. Do not type it again.",
    ),
    State.CREATED: Words(
        "The event exists in Cloudforce One, once.",
        "It is compared with Cloudforce One now and then, and what changes there is told here.",
        "Look at it below, or look again now.",
    ),
    State.REJECTED: Words(
        "The API refused it. Nothing was created.",
        "Nothing happens by itself.",
        "Correct what it names and send again, or discard it.",
    ),
    State.UNKNOWN: Words(
        "We do not know yet whether the event was created: no clear answer came.",
        "It is looked for in Cloudforce One. It is never sent again by itself.",
        "Wait. Do not type it again.",
    ),
    State.DUPLICATED: Words(
        "The event exists in Cloudforce One more than once.",
        "Nothing happens by itself.",
        "Tell the administrator which of the events below should go.",
    ),
    State.ABSENT: Words(
        "It was looked for several times and is not in Cloudforce One.",
        "Nothing happens by itself.",
        "Decide whether to send it again.",
    ),
    State.DISCARDED: Words(
        "Discarded. Nothing more is sent.",
        "Nothing happens by itself.",
        "Restore it if that was a mistake.",
    ),
}

# Of an event that was refused after an earlier send of it had come to an unknown end.
REFUSED_IN_DOUBT = Words(
    "The API refused this send. The first send may still exist.",
    "The first send is still looked for in Cloudforce One.",
    "Look there before you correct it: the correction is an event of its own.",
)

# Of what was altered in the database while it waited.
ALTERED = Words(
    "Not sent: it was changed in the database, and not by a person here.",
    "Nothing happens by itself.",
    "Tell an administrator, check the text, and send it again or discard it.",
)
ALTERED_IN_DOUBT = Words(
    "Not sent: it was changed in the database, and an earlier send may still exist.",
    "The earlier send is still looked for in Cloudforce One.",
    "Tell an administrator, and look there before you correct it.",
)

TRANSITIONS: frozenset[tuple[State, State]] = frozenset(
    {
        (State.DRAFT, State.READY),
        (State.DRAFT, State.DISCARDED),
        (State.REJECTED, State.DISCARDED),
        (State.DISCARDED, State.DRAFT),
        (State.REJECTED, State.READY),
        (State.READY, State.SENDING),
        (State.READY, State.DRAFT),
        # It was altered in the database.
        (State.READY, State.REJECTED),
        (State.SENDING, State.CREATED),
        (State.SENDING, State.REJECTED),
        (State.SENDING, State.READY),
        (State.SENDING, State.UNKNOWN),
        (State.UNKNOWN, State.CREATED),
        (State.UNKNOWN, State.DUPLICATED),
        (State.UNKNOWN, State.ABSENT),
        (State.ABSENT, State.READY),
        (State.ABSENT, State.CREATED),
        (State.ABSENT, State.DUPLICATED),
        (State.CREATED, State.DUPLICATED),
        # An answer that comes late, or a search, says that an event is there, whatever we believed.
        *(
            (origin, to)
            for origin in (State.DRAFT, State.READY, State.REJECTED, State.DISCARDED)
            for to in (State.CREATED, State.DUPLICATED)
        ),
        (State.SENDING, State.DUPLICATED),
    }
)

EDITABLE = frozenset({State.DRAFT, State.REJECTED})
# What may still come to exist in Cloudforce One, or be found there.
PENDING = frozenset({State.READY, State.SENDING, State.UNKNOWN, State.ABSENT})
# What Cloudforce One holds, as far as is known.
THERE = frozenset({State.CREATED, State.DUPLICATED})
# What only its author sees: nothing of it has been shown to anybody yet.
PRIVATE = frozenset({State.DRAFT, State.DISCARDED})
