"""The one door for people: verbs that check, act and log in one transaction."""

from events.services.api import client
from events.services.people import NotAllowed, Person, actor, address, person
from events.services.submissions import (
    Conflict,
    TooMany,
    declare_absent,
    discard,
    save_draft,
    send,
    send_again,
    take_back,
)

__all__ = [
    "Conflict",
    "NotAllowed",
    "Person",
    "TooMany",
    "actor",
    "address",
    "client",
    "declare_absent",
    "discard",
    "person",
    "save_draft",
    "send",
    "send_again",
    "take_back",
]
