"""The one door for people: verbs that check, act and log in one transaction."""

from events.services.api import client
from events.services.people import NotAllowed, Person, actor, address, person
from events.services.submissions import Conflict, discard, save_draft, send, take_back

__all__ = [
    "Conflict",
    "NotAllowed",
    "Person",
    "actor",
    "address",
    "client",
    "discard",
    "person",
    "save_draft",
    "send",
    "take_back",
]
