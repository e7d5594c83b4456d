"""Starting from an event that is there: the same again as a draft, or its context alone.

TLP is never copied: who may have an event is a decision that is made for each. But a text that was
RED stays it in every copy until that decision was made.
"""

import json
from typing import Any
from uuid import uuid4

from django.db import transaction

from events import outbox
from events.models import PENDING, PRIVATE, State, Submission
from events.payload import Tlp
from events.services.drafts import WAS_RED, label_of, save_draft
from events.services.people import Person
from events.services.rules import Conflict, must_be_own

DECISIONS = frozenset({"tlp", "raw_tlp"})
CONTEXT = (
    "category",
    "attacker",
    "attacker_country",
    "target_industry",
    "target_country",
    "dataset_id",
    "tags",
    "account_id",
    "source_id",
    "source_title",
)
_WIRE = {
    "category": "category",
    "date": "date",
    "event": "event",
    "insight": "insight",
    "attacker": "attacker",
    "attackerCountry": "attacker_country",
    "targetCountry": "target_country",
    "targetIndustry": "target_industry",
    "datasetId": "dataset_id",
}


def duplicate(*, person: Person, submission: Submission) -> Submission:
    """A new draft of `person` with the text of `submission`, which they may see, but its TLP.

    Nothing else goes along: neither state nor answer nor id. Raises `NotAllowed`, and `Conflict`
    while the event may still come to be: its copy would be there twice.
    """
    if submission.state in PENDING or submission.may_exist:
        raise Conflict(
            "It is not settled yet whether this event exists. Wait: a copy could exist beside it."
        )
    return save_draft(person=person, token=uuid4(), typed=typed_of(submission, person))


def correct(*, person: Person, submission: Submission) -> Submission:
    """The draft in place of an own event that cannot be changed: its first send may still exist.

    It names the old one, which stays as it was sent, because it is looked for by that text. There
    is one such draft: asked again, it is returned as it is by then, unless it was discarded.
    Raises `NotAllowed`, and `Conflict` for any other event.
    """
    must_be_own(person, submission)
    with transaction.atomic():
        # Locked, so that two presses at once see each other.
        submission = Submission.objects.select_for_update().get(pk=submission.pk)
        if submission.state == State.READY or not submission.may_exist:
            raise Conflict("This event can be corrected itself. Load the page again.")
        if made := Submission.objects.live().filter(corrects=submission).first():
            return made
        return save_draft(
            person=person,
            token=uuid4(),
            typed=typed_of(submission, person),
            corrects=submission,
        )


def context_of(submission: Submission, person: Person) -> dict[str, Any]:
    """What the next event of the same incident has in common with `submission`."""
    typed = typed_of(submission, person)
    return {name: typed.get(name, "") for name in (*CONTEXT, WAS_RED)}


def typed_of(submission: Submission, person: Person) -> dict[str, Any]:
    """What a form that says the same as `submission` holds, without its TLP.

    Of somebody else's it is made of what was sent: what they have typed since is still theirs.
    """
    is_own = submission.author_id == person.user.pk
    typed = submission.typed_values if is_own else {}
    if not typed:
        typed = _of_wire(outbox.wire_of(submission))
    kept = {name: value for name, value in typed.items() if name not in DECISIONS}
    return kept | {WAS_RED: "1" if _is_red(submission, typed) else ""}


def _is_red(submission: Submission, typed: dict[str, Any]) -> bool:
    """Whether the text is RED, or was and nobody has yet said why it should not be.

    Who sends it under a weaker label says so. What was `typed` since may be stricter.
    """
    is_decided = submission.state not in PRIVATE
    was_red = submission.was_red and not is_decided
    labels = {submission.marking, label_of(typed, was_red=was_red)}
    return was_red or Tlp.RED in labels


def _of_wire(wire: dict[str, Any]) -> dict[str, Any]:
    """The form of what was sent, without the mark by which it is found."""
    raw = wire.get("raw") or {}
    data = {
        name: value for name, value in (raw.get("data") or {}).items() if not outbox.is_mark(name)
    }
    rows = wire.get("indicators") or []
    if "indicator" in wire:
        rows = [{"indicatorType": wire["indicatorType"], "value": wire["indicator"]}]
    source = wire.get("source") or {}
    return {
        **{name: wire.get(there, "") for there, name in _WIRE.items()},
        "account_id": str(wire.get("accountId") or ""),
        "source_id": source.get("resourceId") or "",
        "source_title": source.get("title") or "",
        "tags": ", ".join(wire.get("tags") or ()),
        "raw_data": json.dumps(data, ensure_ascii=False, indent=2) if data else "",
        "raw_source": raw.get("source") or "",
        "indicators": [
            {"indicator_type": row["indicatorType"], "value": row["value"]} for row in rows
        ],
    }
