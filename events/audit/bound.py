"""Entries without a key that is here: bound by the chain of hashes to a genuine one that follows.

They are those from before there were seals, and those of keys that are lost or taken out.
The chain is walked once up to the entry with which the keys that are here begin. Of what
was walked, one hash in so many is kept: an entry is bound if the hashes from it on lead there.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from events.audit import body, seal
from events.audit.chain import KEY_ADDED, KEY_LOST
from events.models import AuditEntry

_EVERY = 256
_PAGE = 2000


class _Link(NamedTuple):
    """What binds an entry to the one before."""

    seq: int
    prev: str
    hash: str


def is_bound(entry: AuditEntry) -> bool:
    """Whether a genuine entry that follows commits to `entry` as it is stored."""
    anchor = _anchor()
    if anchor is None or entry.seq >= anchor.seq:
        return False
    known = _known(anchor)
    place = bisect_left(known, entry.seq, key=lambda link: link.seq)
    if place == len(known):
        return False
    if known[place].seq == entry.seq:
        return known[place].hash == entry.hash
    last = _Link(entry.seq, entry.prev, entry.hash)
    for link in _links(entry.seq + 1, known[place].seq):
        if link.seq != last.seq + 1 or link.prev != last.hash:
            return False
        last = link
    return last.seq == known[place].seq and last.hash == known[place].hash


def is_sealed() -> bool:
    """Whether any entry is sealed: before the first one that is, none can be asked to be."""
    return _first_sealed() is not None


def _first_sealed() -> int | None:
    sealed = AuditEntry.objects.filter(mac__isnull=False).order_by("seq")
    return sealed.values_list("seq", flat=True).first()


def _anchor() -> _Link | None:
    """The genuine entry with which the keys that are here begin; None if there is none."""
    changes = AuditEntry.objects.filter(action__in=(KEY_ADDED, KEY_LOST)).order_by("-seq")
    newest = changes.values_list("seq", flat=True).first() or _first_sealed()
    if newest is None:
        return None
    # A key that was added seals from the next entry on; one that replaces a lost one from here on.
    for entry in AuditEntry.objects.filter(seq__in=(newest, newest + 1)).order_by("seq"):
        key_id = body.parsed(entry.body).get("key")
        is_whole = body.digest(entry.body) == entry.hash
        if is_whole and seal.is_genuine(str(key_id), entry.hash, entry.mac or ""):
            return _Link(entry.seq, entry.prev, entry.hash)
    return None


@lru_cache(maxsize=4)
def _known(anchor: _Link) -> list[_Link]:
    """Some of the entries that lead to `anchor`, and that one, by number.

    They are known by their hashes, so that what is changed later does not fit them.
    """
    known: list[_Link] = []
    last: _Link | None = None
    for link in _links(1, anchor.seq):
        if last is not None and (link.seq != last.seq + 1 or link.prev != last.hash):
            # Nothing before a break is bound to what comes after it.
            known = []
        if link.seq % _EVERY == 0:
            known.append(link)
        last = link
    if last != anchor:
        return []
    return known if known and known[-1] == anchor else [*known, anchor]


def _links(first: int, last: int) -> Iterator[_Link]:
    """The entries from `first` to `last`; it ends at one whose body does not hash to its hash."""
    while first <= last:
        page = AuditEntry.objects.filter(seq__gte=first, seq__lte=last).order_by("seq")
        rows = list(page.values_list("seq", "prev", "hash", "body")[:_PAGE])
        for seq, prev, digest, text in rows:
            fields = body.parsed(text)
            if body.digest(text) != digest or fields.get("prev") != prev:
                # A hash that nothing leads to.
                yield _Link(seq, "", "")
            else:
                yield _Link(seq, prev, digest)
        if not rows:
            return
        first = rows[-1][0] + 1
