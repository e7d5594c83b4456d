"""Proving one entry by itself: that it is as it was appended, and that a text is the one it meant.

The whole chain takes minutes to verify; this takes one entry, for whoever is about to act on it.
"""

from typing import Any

from events.audit import body, seal
from events.audit.bound import is_bound, is_sealed
from events.models import AuditAttachment, AuditEntry


def proven(entry: AuditEntry) -> dict[str, Any]:
    """What the body of `entry` says; empty if the body, its seal or a copied column was changed."""
    fields = body.parsed(entry.body)
    shape = body.shape(fields)
    if shape is None or body.digest(entry.body) != entry.hash or fields.keys() != shape.keys:
        return {}
    columns = ("seq", "prev", *shape.copied)
    is_as_appended = all(getattr(entry, name) == fields[name] for name in columns)
    return fields if is_as_appended and _is_sealed(entry, fields) else {}


def _is_sealed(entry: AuditEntry, fields: dict[str, Any]) -> bool:
    """Whether the seal is genuine. An entry without one has to be from before there were any, and
    one whose key is not here has to be bound by a later one.
    """
    if "key" in fields:
        key_id = str(fields["key"])
        if seal.find(key_id) is None:
            return is_bound(entry)
        return seal.is_genuine(key_id, entry.hash, entry.mac or "")
    return is_bound(entry) or not is_sealed()


def committed(entry: AuditEntry, name: str) -> str | None:
    """The attachment `name` of `entry`, if the entry is proven and commits to that very text."""
    commitments = proven(entry).get("attachments")
    found = AuditAttachment.objects.filter(entry_id=entry.seq, name=name).first()
    if found is None or not isinstance(commitments, dict):
        return None
    fits = commitments.get(name) == body.commitment(found.salt, found.content)
    return found.content if fits else None
