"""What is hashed: the canonical body of an entry, and commitments to texts beside it.

The body is a JSON object with ASCII keys and strings, integers, null and one map of
strings as values; there are no floats, so that sorted keys without spaces are RFC 8785's canonical
form. An entry's hash is SHA-256 over `audit-v1`, a zero byte, and the body in UTF-8.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from events.audit.facts import Fact

VERSION = 2


class Shape(NamedTuple):
    """What entries of one version hold: the keys of the body, and which stand in columns too."""

    keys: frozenset[str]
    copied: tuple[str, ...]


_KEYS_1 = frozenset(
    (
        *("v", "seq", "prev", "at", "actor_id", "actor", "address", "request_id"),
        *("action", "object_id", "outcome", "reason", "tlp", "attempt", "status"),
        *("cf_ray", "attachments"),
    )
)
_COPIED_1 = ("actor", "request_id", "action", "object_id", "outcome", "tlp")

# What each version that was ever written looks like. A new field or copied column is a new version
# here, so that entries of the old ones stay as good as they are.
SHAPES = {
    1: Shape(keys=_KEYS_1, copied=_COPIED_1),
    # Sealed: `key` is the id of the key, `terms` what it makes of the search terms.
    2: Shape(keys=_KEYS_1 | {"key", "terms"}, copied=_COPIED_1),
}
# The columns that copy a field of the body under the same name, so that rows can be found.
COPIED = SHAPES[VERSION].copied
GENESIS = "0" * 64
_DOMAIN = b"audit-v1\0"

# What the columns hold; a longer text ends in an ellipsis. The body holds the same cut text.
ACTOR_MAX = 150
REQUEST_MAX = 32
TEXT_MAX = 64
REASON_MAX = 2000
TLP_MAX = 16

Body = dict[str, str | int | dict[str, str] | None]


class Place(NamedTuple):
    """Where an entry stands: its number, the hash of the one before, and its moment."""

    seq: int
    prev: str
    at: datetime


def fields(
    fact: Fact, place: Place, *, key: str, commitments: Mapping[str, str], terms: str
) -> Body:
    """The body of the entry of `fact` at `place`, as a map.

    `key` is the id of the key that seals it; `commitments` are by the names of attachments; `terms`
    is the commitment to its search terms.
    """
    actor = fact.actor
    return {
        "v": VERSION,
        "key": key,
        "seq": place.seq,
        "prev": place.prev,
        "at": moment(place.at),
        "actor_id": actor.id,
        "actor": plain(actor.name, ACTOR_MAX),
        "address": plain(actor.address, TEXT_MAX),
        "request_id": plain(actor.request_id, REQUEST_MAX),
        "action": fact.action,
        "object_id": plain(fact.object_id, TEXT_MAX),
        "outcome": fact.outcome,
        "reason": plain(fact.reason, REASON_MAX),
        "tlp": plain(fact.tlp, TLP_MAX),
        "attempt": fact.attempt,
        "status": fact.status,
        "cf_ray": plain(fact.cf_ray, TEXT_MAX),
        "attachments": dict(commitments),
        "terms": terms,
    }


def canonical(body: Body) -> str:
    """`body` as RFC 8785 writes it."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parsed(text: str) -> dict[str, Any]:
    """The map in `text`; an empty one, which fits no entry, if it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def shape(fields: Mapping[str, Any]) -> Shape | None:
    """What a body with these `fields` has to hold; None for a version that is not known here."""
    version = fields.get("v")
    return SHAPES.get(version) if type(version) is int else None


def digest(text: str) -> str:
    """The hash of the entry whose body is `text`: 64 hexadecimal digits."""
    return hashlib.sha256(_DOMAIN + text.encode()).hexdigest()


def commitment(salt: str, content: str) -> str:
    """SHA-256 over the 32 characters of `salt` and `content`, in UTF-8: 64 hexadecimal digits."""
    return hashlib.sha256((salt + content).encode()).hexdigest()


def term(text: str) -> str:
    """The digest that an indicator is found by, whatever its case: 32 hexadecimal digits."""
    return hashlib.sha256(escaped(text).strip().casefold().encode()).hexdigest()[:32]


def moment(at: datetime) -> str:
    """`at` in UTC with microseconds: `2022-04-01T00:00:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_in_utc(text: str) -> datetime | None:
    """The moment that `moment` or `isoformat` wrote, in UTC; None for any other text.

    In UTC, because a moment near the years 1 and 9999 may lie outside of them there.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def escaped(text: str) -> str:
    r"""`text` with NUL and lone surrogates written out (`\u0000`): PostgreSQL stores neither."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", r"\u0000").encode(errors="backslashreplace").decode()


def plain(text: str, most: int) -> str:
    """`text` escaped, and cut to `most` characters."""
    text = escaped(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
