"""Checks of an entry before it is sent: what to look at, what blocks, what was overridden."""

from events.vetting.findings import Entry, Finding, Level
from events.vetting.looks import client
from events.vetting.overrides import (
    REASON_MAX,
    Blocked,
    enforce,
    may_override,
    overridden,
)
from events.vetting.seen import remember, remember_rows
from events.vetting.there import seen_there, values_for_there
from events.vetting.vet import blocks, vet

__all__ = [
    "REASON_MAX",
    "Blocked",
    "Entry",
    "Finding",
    "Level",
    "blocks",
    "client",
    "enforce",
    "may_override",
    "overridden",
    "remember",
    "remember_rows",
    "seen_there",
    "values_for_there",
    "vet",
]
