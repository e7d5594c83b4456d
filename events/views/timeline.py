"""The timeline of a submission's page: what the audit log says of it, in words."""

import json
from typing import Any

from events.models import AuditEntry, Submission
from events.payload import Tlp
from events.services import evidence
from events.views.standing import fields

STEPS_MOST = 100
_SHAPES = {"ok": "good", "failed": "danger", "denied": "danger", "unknown": "warning"}
# Where what was done went well, but what it found is nothing good.
_FOUND_SHAPES = {
    "submission.looked_for": "",
    "submission.absent": "warning",
    "submission.declared_absent": "warning",
    "submission.duplicated": "danger",
}
_STEPS = {
    "submission.drafted": "Draft made",
    "submission.frozen": "Text locked for sending",
    "submission.sending": "Sending",
    "submission.created": "Created",
    "submission.refused": "Refused",
    "submission.deferred": "Postponed",
    "submission.unknown": "Outcome unknown",
    "submission.looked_for": "Looked for",
    "submission.found": "Found in Cloudforce One",
    "submission.recovered": "Taken in from Cloudforce One",
    "submission.absent": "Not found in Cloudforce One",
    "submission.declared_absent": "Said to be missing",
    "submission.declared_unsent": "Said not to have been sent",
    "submission.duplicated": "There more than once",
    "submission.sent_again": "Decided to send again",
    "submission.hurried": "To be tried now",
    "submission.answered_late": "Answer came late",
    "submission.override": "Sent in spite of a check",
    "submission.altered": "Altered in the database: not sent",
    "submission.put_back": "Put back as it was locked",
    "submission.taken_back": "Taken back",
    "submission.discarded": "Discarded",
    "submission.restored": "Restored",
}
# Who looked is for the audit pages, and would push out what happened.
_LOOKS = (evidence.VIEWED, evidence.DOWNLOADED)
_LOOKED_AGAIN = "submission.looked_again"


def timeline(submission: Submission, *, is_named: bool, is_red_told: bool) -> list[dict[str, Any]]:
    """What the log says of `submission`, oldest first.

    Unless `is_named`, the reader may not know which event this one takes the place of; unless
    `is_red_told`, nor what was said while it was TLP:RED.
    """
    unnamed = "" if is_named else str(submission.corrects_id or "")
    about = AuditEntry.objects.filter(object_id=str(submission.pk)).exclude(action__in=_LOOKS)
    rows = about.order_by("-seq")[:STEPS_MOST]
    return [
        _step(entry, unnamed, is_told=is_red_told or entry.tlp != Tlp.RED)
        for entry in reversed(rows)
        if entry.action.startswith("submission.")
    ]


def _step(entry: AuditEntry, unnamed: str, *, is_told: bool) -> dict[str, Any]:
    body = json.loads(entry.body)
    reason = _without(unnamed, body.get("reason", "")) if is_told else ""
    step = {"at": entry.at, "actor": entry.actor, "attempt": body.get("attempt")}
    if entry.action == _LOOKED_AGAIN:
        # What was found says more than that somebody looked.
        shape = "good" if entry.outcome == "ok" else "warning"
        return step | {"action": _found(reason), "shape": shape, "reason": ""}
    shape = _SHAPES.get(entry.outcome, "")
    if entry.outcome == "ok":
        shape = _FOUND_SHAPES.get(entry.action, shape)
    return step | {
        "action": _STEPS.get(entry.action, entry.action),
        "shape": shape,
        "reason": reason,
    }


def _found(reason: str) -> str:
    """`changed there: tlp` with the field's label."""
    look, _, names = reason.partition(": ")
    return look.capitalize() + (f": {fields(names)}" if names else "")


def _without(unnamed: str, reason: str) -> str:
    return reason.replace(unnamed, "an event that was refused") if unnamed else reason
