"""The outbox: freeze, claim with a lease, deliver, back off, reconcile, look again."""

from events.outbox.api import Api
from events.outbox.deliver import claim, deliver, quiet
from events.outbox.dispatch import dispatch
from events.outbox.freeze import MARK, TooLarge, copies, frozen, is_mark, mark
from events.outbox.gate import Closed, Held, breaker, closed
from events.outbox.look import look_or_raise
from events.outbox.reconcile import settle_found
from events.outbox.returned import wire_of
from events.outbox.sweeps import SWEEP_EVERY
from events.outbox.transitions import Lost, fact, move, touch
from events.outbox.worker import Crew, probe_if_due, work

__all__ = [
    "MARK",
    "SWEEP_EVERY",
    "Api",
    "Closed",
    "Crew",
    "Held",
    "Lost",
    "TooLarge",
    "breaker",
    "claim",
    "closed",
    "copies",
    "deliver",
    "dispatch",
    "fact",
    "frozen",
    "is_mark",
    "look_or_raise",
    "mark",
    "move",
    "probe_if_due",
    "quiet",
    "settle_found",
    "touch",
    "wire_of",
    "work",
]
