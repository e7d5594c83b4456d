"""The one door for people: verbs that check, act and log in one transaction."""

from events.services.api import client
from events.services.copies import context_of, duplicate
from events.services.drafts import Changed, discard, restore, save_draft, take_back
from events.services.people import NotAllowed, Person, actor, address, person
from events.services.rules import Conflict, TooMany
from events.services.sending import declare_absent, send, send_again

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
    "declare_absent",
    "discard",
    "duplicate",
    "person",
    "restore",
    "save_draft",
    "send",
    "send_again",
    "take_back",
]
