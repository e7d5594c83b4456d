"""The tables."""

from events.models.audit import AuditAttachment, AuditEntry, AuditTerm
from events.models.heartbeat import Heartbeat
from events.models.reference import ReferenceList
from events.models.states import EDITABLE, TRANSITIONS, State
from events.models.submission import FormToken, Submission
from events.models.throttle import Throttle

__all__ = [
    "EDITABLE",
    "TRANSITIONS",
    "AuditAttachment",
    "AuditEntry",
    "AuditTerm",
    "FormToken",
    "Heartbeat",
    "ReferenceList",
    "State",
    "Submission",
    "Throttle",
]
