"""The outbox: freeze, claim with a lease, deliver, back off, reconcile."""

from events.outbox.deliver import claim, deliver
from events.outbox.freeze import MARK, TooLarge, copies, frozen, mark
from events.outbox.transitions import Lost, fact, move
from events.outbox.worker import work

__all__ = [
    "MARK",
    "Lost",
    "TooLarge",
    "claim",
    "copies",
    "deliver",
    "fact",
    "frozen",
    "mark",
    "move",
    "work",
]
