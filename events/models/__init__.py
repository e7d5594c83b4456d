"""The tables."""

from events.models.account import Account, UnusableName, canonical, is_taken
from events.models.audit import AuditAttachment, AuditEntry, AuditTerm
from events.models.gate import ApiGate
from events.models.heartbeat import Heartbeat
from events.models.preferences import Preferences
from events.models.reference import ReferenceList
from events.models.rights import VIEW_RED, may_see_red, was_given
from events.models.states import EDITABLE, PENDING, PRIVATE, THERE, TRANSITIONS, Look, State, Words
from events.models.submission import WAS_ALTERED, FormToken, Submission
from events.models.template import EventTemplate
from events.models.throttle import Throttle
from events.models.vetting import KnownValue, SubmissionIndicator
from events.models.watch import AuditStream, AuditWatch

__all__ = [
    "EDITABLE",
    "PENDING",
    "PRIVATE",
    "THERE",
    "TRANSITIONS",
    "VIEW_RED",
    "WAS_ALTERED",
    "Account",
    "ApiGate",
    "AuditAttachment",
    "AuditEntry",
    "AuditStream",
    "AuditTerm",
    "AuditWatch",
    "EventTemplate",
    "FormToken",
    "Heartbeat",
    "KnownValue",
    "Look",
    "Preferences",
    "ReferenceList",
    "State",
    "Submission",
    "SubmissionIndicator",
    "Throttle",
    "UnusableName",
    "Words",
    "canonical",
    "is_taken",
    "may_see_red",
    "was_given",
]
