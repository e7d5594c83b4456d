"""The audit log: a hash chain of entries that is only ever appended to, and its guards."""

from events.audit.alarms import Alarm, Standing, alarm, standing
from events.audit.chain import Head, append, head, record
from events.audit.facts import OUTCOMES, Actor, Fact, Outcome
from events.audit.order import LockOrder
from events.audit.verify import Fault, Report, verify
from events.audit.words import WORDS, words

__all__ = [
    "OUTCOMES",
    "WORDS",
    "Actor",
    "Alarm",
    "Fact",
    "Fault",
    "Head",
    "LockOrder",
    "Outcome",
    "Report",
    "Standing",
    "alarm",
    "append",
    "head",
    "record",
    "standing",
    "verify",
    "words",
]
