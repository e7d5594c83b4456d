"""What was locked for sending: the bytes that the log commits to, against those in the row.

Whoever writes to the database past this program can change a row, and nobody would see it. So what
was read from there is compared with the log before it is sent, or looked for, by it.
"""

import json
import logging
from datetime import datetime
from typing import Any, NamedTuple

from events import audit
from events.audit import proof
from events.audit.alterations import PUT_BACK
from events.audit.story import LEADS_TO
from events.models import PRIVATE, THERE, AuditEntry, State, Submission
from events.outbox.returned import columns_of
from events.outbox.transitions import fact, touch
from events.payload import Tlp, sha256

LOCKS = ("submission.frozen", "submission.sent_again")
log = logging.getLogger("events.outbox")


class Locked(NamedTuple):
    """What the newest entry that locked a submission says: its number, the bytes, the label."""

    seq: int
    body: bytes
    tlp: str

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a submission as they were when it was locked."""
        wire = json.loads(self.body)
        # As it was locked: what Cloudforce One tells is moved where every time zone can show it.
        columns = columns_of(wire, "") | {"tlp": self.tlp}
        columns["event_date"] = datetime.fromisoformat(wire["date"])
        return columns | {"body": self.body, "body_sha256": sha256(self.body)}


class Alteration(NamedTuple):
    """How a row differs from what was locked. `locked`: what that was; None if no entry proves it.

    `reason` is a sentence for people that holds no text of the event.
    """

    reason: str
    locked: Locked | None


def alteration(submission: Submission) -> Alteration | None:
    """How `submission` differs from what the log says was locked; None if it does not."""
    entry = _newest(submission, LOCKS)
    if entry is None:
        return Alteration("The log has no entry of what was locked for sending.", None)
    content = proof.committed(entry, "payload")
    if content is None:
        sentence = f"Audit entry {entry.seq}, which says what was locked, was altered itself."
        return Alteration(sentence, None)
    locked = Locked(entry.seq, content.encode(), entry.tlp)
    if wrong := _differing(submission, locked):
        sentence = f"Not what was locked for sending (audit entry {entry.seq}): {', '.join(wrong)}."
        return Alteration(sentence, locked)
    return None


def false_wait(submission: Submission) -> Alteration | None:
    """As `alteration`, of what is about to be sent: the log also has to say that it waits.

    A row that was set back to waiting would be sent a second time.
    """
    if found := alteration(submission):
        return found
    newest = _newest(submission, tuple(LEADS_TO))
    if newest is not None and LEADS_TO[newest.action] == State.READY and proof.proven(newest):
        return None
    said = newest.seq if newest else 0
    return Alteration(f"By audit entry {said} it does not wait to be sent.", None)


def is_known_here(submission: Submission) -> bool:
    """Whether it was locked here: what was taken in from Cloudforce One never was."""
    return submission.body is not None or _newest(submission, LOCKS) is not None


def put_back(submission: Submission, found: Alteration, actor: audit.Actor) -> None:
    """Write what was locked into the row again, and say so in the log, which keeps what was there.

    To be called inside a transaction. The state stays. Raises `Lost`.
    """
    evidence = evidence_of(submission)
    if found.locked is not None:
        touch(submission, **restored(submission, found.locked))
    audit.append(alarm(submission, found, actor, evidence, PUT_BACK))


def restored(submission: Submission, locked: Locked) -> dict[str, Any]:
    """The columns that make `submission` what was locked; a stricter label that it bears stays."""
    columns = locked.columns
    known = [Tlp(tlp) for tlp in (submission.tlp, locked.tlp) if tlp in set(Tlp)]
    return columns | {"tlp": max(known, key=lambda label: label.strictness, default=Tlp.RED).value}


def evidence_of(submission: Submission) -> str:
    """The bytes that stand in the row, as text."""
    return bytes(submission.body or b"").decode(errors="backslashreplace")


def alarm(
    submission: Submission,
    found: Alteration,
    actor: audit.Actor,
    evidence: str,
    action: str,
) -> audit.Fact:
    """The entry of an alteration; the process's own log hears of it too."""
    log.critical("submission %s was altered in the database: %s", submission.pk, found.reason)
    return fact(
        submission,
        action,
        actor,
        outcome="failed",
        reason=found.reason,
        attachments={"altered": evidence},
    )


def _differing(submission: Submission, locked: Locked) -> list[str]:
    """The names of the columns that are not as they were locked; a stricter label is as good."""
    columns = locked.columns
    # The dataset of what is there may be the one that Cloudforce One told.
    names = ("body",) if submission.state in THERE else ("body", "dataset_id")
    wrong = [name for name in names if _plain(submission, name) != columns[name]]
    weaker = submission.tlp not in set(Tlp) or (
        Tlp(submission.tlp).strictness < Tlp(locked.tlp or Tlp.RED).strictness
    )
    return [*wrong, "tlp"] if weaker and submission.state not in PRIVATE else wrong


def _plain(submission: Submission, name: str) -> Any:
    value = getattr(submission, name)
    return bytes(value) if isinstance(value, memoryview) else value


def _newest(submission: Submission, actions: tuple[str, ...]) -> AuditEntry | None:
    of_it = AuditEntry.objects.filter(object_id=str(submission.pk), action__in=actions)
    return of_it.order_by("-seq").first()
