"""The admin: the audit pages, accounts with their roles, the list of known values."""

from events.admin.audit import AuditEntryAdmin
from events.admin.known import KnownValueAdmin
from events.admin.users import DeskGroupAdmin, DeskUserAdmin

__all__ = ["AuditEntryAdmin", "DeskGroupAdmin", "DeskUserAdmin", "KnownValueAdmin"]
