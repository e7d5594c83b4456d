"""The admin: the audit pages, and accounts with their roles."""

from events.admin.audit import AuditEntryAdmin
from events.admin.users import DeskGroupAdmin, DeskUserAdmin

__all__ = ["AuditEntryAdmin", "DeskGroupAdmin", "DeskUserAdmin"]
