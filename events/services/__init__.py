"""The one door for people: verbs that check, act and log in one transaction."""

from events.services.api import client
from events.services.copies import context_of, correct, duplicate
from events.services.drafts import Changed, discard, restore, save_draft, take_back
from events.services.looking import seen_there, tellable
from events.services.people import NotAllowed, Person, actor, address, person
from events.services.rules import Conflict, TooMany
from events.services.sending import (
    declare_absent,
    declare_unsent,
    look_again,
    send,
    send_again,
    try_now,
)
from events.services.tokens import new_token

__all__ = [
    "Changed",
    "Conflict",
    "NotAllowed",
    "Person",
    "TooMany",
    "actor",
    "address",
    "client",
    "context_of",
    "correct",
    "declare_absent",
    "declare_unsent",
    "discard",
    "duplicate",
    "look_again",
    "new_token",
    "person",
    "restore",
    "save_draft",
    "seen_there",
    "send",
    "send_again",
    "take_back",
    "tellable",
    "try_now",
]
