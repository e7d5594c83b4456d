"""The outbox: freeze, claim with a lease, deliver, back off, reconcile."""

from events.outbox.deliver import claim, deliver, quiet
from events.outbox.dispatch import dispatch
from events.outbox.freeze import MARK, TooLarge, copies, frozen, mark
from events.outbox.pace import paused_until
from events.outbox.transitions import Lost, fact, move
from events.outbox.worker import work

__all__ = [
    "MARK",
    "Lost",
    "TooLarge",
    "claim",
    "copies",
    "deliver",
    "dispatch",
    "fact",
    "frozen",
    "mark",
    "move",
    "paused_until",
    "quiet",
    "work",
]
