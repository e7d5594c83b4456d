"""The audit log: a hash chain of entries that is only ever appended to, and its guards."""

from events.audit.alarms import Alarm, Standing, alarm, standing
from events.audit.alterations import unseen_alterations
from events.audit.chain import Head, append, head, key_trouble, record
from events.audit.closing import append_at_end, is_noted
from events.audit.facts import OUTCOMES, Actor, Fact, Outcome
from events.audit.order import LockOrder
from events.audit.report import Fault, Report
from events.audit.seal import UnknownKey
from events.audit.verify import verify, verify_tail
from events.audit.words import WORDS, words
from events.keyring import BadKey

__all__ = [
    "OUTCOMES",
    "WORDS",
    "Actor",
    "Alarm",
    "BadKey",
    "Fact",
    "Fault",
    "Head",
    "LockOrder",
    "Outcome",
    "Report",
    "Standing",
    "UnknownKey",
    "alarm",
    "append",
    "append_at_end",
    "head",
    "is_noted",
    "key_trouble",
    "record",
    "standing",
    "unseen_alterations",
    "verify",
    "verify_tail",
    "words",
]
