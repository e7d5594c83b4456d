"""The tables."""

from events.models.audit import AuditAttachment, AuditEntry
from events.models.reference import ReferenceList
from events.models.states import EDITABLE, TRANSITIONS, State
from events.models.submission import FormToken, Submission

__all__ = [
    "EDITABLE",
    "TRANSITIONS",
    "AuditAttachment",
    "AuditEntry",
    "FormToken",
    "ReferenceList",
    "State",
    "Submission",
]
