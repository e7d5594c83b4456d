"""One audit entry: its fields, its place in the chain, the payload sent beside the answer."""

from typing import Any, NamedTuple

from events import audit
from events.admin.links import object_link
from events.admin.list_page import TLP_LABELS, tlp_class
from events.admin.shown import pretty, shown
from events.audit import body, marked, proof, seal
from events.models import AuditAttachment, AuditEntry


class Found(NamedTuple):
    """An entry, and its neighbours where there are any."""

    entry: AuditEntry
    before: AuditEntry | None
    after: AuditEntry | None


class Text(NamedTuple):
    """An attachment as it is shown; `seq` is the entry that commits to it."""

    title: str
    seq: int
    content: str
    is_committed: bool
    is_withheld: bool


_TITLES = {"payload": "Payload sent", "answer": "Event returned"}


def find(seq: str) -> Found | None:
    """The entry whose number is written in `seq`."""
    if not (seq.isascii() and seq.isdecimal() and len(seq) < 19):
        return None
    number = int(seq)
    near = AuditEntry.objects.in_bulk([number - 1, number, number + 1])
    if number not in near:
        return None
    return Found(near[number], near.get(number - 1), near.get(number + 1))


def context(found: Found, *, is_red_visible: bool, refused: frozenset[str]) -> dict[str, Any]:
    """What the entry's template needs."""
    entry = found.entry
    fields = body.parsed(entry.body)
    is_withheld = not is_red_visible and marked.is_red(entry)
    text, url = object_link(entry.object_id, refused)
    return {
        "entry": entry,
        "found": found,
        "at": f"{entry.at:%Y-%m-%d %H:%M:%S.%f}",
        "iso": body.moment(entry.at),
        "action": audit.words(entry.action),
        "object": shown(text),
        "object_url": url,
        "tlp": TLP_LABELS.get(entry.tlp, shown(entry.tlp)),
        "tlp_class": tlp_class(entry.tlp),
        "who": shown(entry.actor),
        "reason": "" if is_withheld else shown(str(fields.get("reason", ""))),
        "details": _details(fields),
        "is_withheld": is_withheld,
        "chain": _chain(found),
        "texts": _texts(entry, is_withheld=is_withheld),
        "standing": audit.standing(),
        "alterations": audit.unseen_alterations(),
    }


def _details(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields that not every entry has, by name."""
    names = {
        "actor_id": "Account number",
        "address": "Address",
        "request_id": "Request id",
        "attempt": "Attempt",
        "status": "HTTP status",
        "cf_ray": "CF-Ray",
    }
    return [
        (label, shown(str(fields[name])))
        for name, label in names.items()
        if fields.get(name) not in (None, "")
    ]


def _chain(found: Found) -> list[tuple[bool, str]]:
    """What can be told from here of the chain: whether it is well, and a sentence."""
    entry, before, after = found
    is_hashed = body.digest(entry.body) == entry.hash
    return [
        _seal(entry),
        (is_hashed, f"The hash {'fits' if is_hashed else 'does not fit'} the body."),
        _link_before(entry, before),
        _link_after(entry, after),
    ]


def _seal(entry: AuditEntry) -> tuple[bool, str]:
    """Whether this desk wrote the entry: a hash anybody can compute, and a seal takes the key."""
    fields, is_proven = body.parsed(entry.body), bool(proof.proven(entry))
    if "key" not in fields:
        if is_proven:
            return True, "It is from before entries were sealed."
        return False, "It bears no seal: this desk did not write it as it stands."
    key_id = shown(str(fields["key"]))
    if seal.find(key_id) is None:
        if is_proven:
            return True, f"Its key {key_id} is not here, but a sealed entry that follows binds it."
        return False, f"Its key {key_id} is not here, and no sealed entry that follows binds it."
    if is_proven:
        return True, f"Its seal is genuine: made with key {key_id}."
    if seal.is_genuine(key_id, entry.hash, entry.mac or ""):
        return False, "Its seal fits the hash, but what stands in its columns was changed."
    return False, "Its seal is not genuine: this desk did not write it as it stands."


def _link_before(entry: AuditEntry, before: AuditEntry | None) -> tuple[bool, str]:
    if entry.seq == 1:
        is_first = entry.prev == body.GENESIS
        return is_first, "It is the first entry." if is_first else "It is not the first entry."
    if before is None:
        return False, f"Entry {entry.seq - 1} is missing."
    follows = entry.prev == before.hash
    return follows, f"It {'follows' if follows else 'does not follow'} entry {before.seq}."


def _link_after(entry: AuditEntry, after: AuditEntry | None) -> tuple[bool, str]:
    if after is not None:
        follows = after.prev == entry.hash
        told = "follows" if follows else "does not follow"
        return follows, f"Entry {after.seq} {told} this one."
    if audit.head().seq == entry.seq:
        return True, "It is the last entry: nothing follows yet."
    # It may have been appended since the neighbours were read: looking at this one is an entry.
    now = AuditEntry.objects.filter(seq=entry.seq + 1).first()
    if now is not None:
        return _link_after(entry, now)
    return False, f"Entry {entry.seq + 1} is missing."


def _texts(entry: AuditEntry, *, is_withheld: bool) -> list[Text]:
    """The entry's own texts; payload and answer of one submission stand beside each other."""
    own = {one.name: one for one in _attachments().filter(entry_id=entry.seq)}
    if own.keys() & _TITLES.keys() and entry.object_id:
        of_object = _attachments().filter(entry__object_id=entry.object_id)
        if "payload" not in own:
            earlier = of_object.filter(name="payload", entry_id__lt=entry.seq)
            own["payload"] = earlier.order_by("-entry_id").first()
        if "answer" not in own:
            later = of_object.filter(name="answer", entry_id__gt=entry.seq)
            own["answer"] = later.order_by("entry_id").first()
    order = [*_TITLES, *sorted(own.keys() - _TITLES.keys())]
    return [_text(own[name], is_withheld) for name in order if own.get(name)]


def _attachments() -> Any:
    return AuditAttachment.objects.select_related("entry")


def _text(attachment: AuditAttachment, is_withheld: bool) -> Text:
    name, entry = attachment.name, attachment.entry
    attachments = body.parsed(entry.body).get("attachments")
    committed = attachments.get(name) if isinstance(attachments, dict) else None
    return Text(
        title=_TITLES.get(name, shown(name)),
        seq=entry.seq,
        content="" if is_withheld else pretty(attachment.content),
        is_committed=committed == body.commitment(attachment.salt, attachment.content),
        is_withheld=is_withheld,
    )
