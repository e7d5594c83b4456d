"""Sealing: entries are authenticated with keys that no database holds, so that none is forged.

The keys are those of `AUDIT_KEY`, the newest first; without it they are in a file that is made
once. The newest one seals, the older ones verify what they sealed. A key's id tells nothing of it.
"""

import hmac
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from events import keyring
from events.keyring import BadKey

ID_LENGTH = 16
_ID, _SEAL, _TERMS = b"audit-key-id-v1\0", b"audit-seal-v1\0", b"audit-terms-v1\0"


class UnknownKey(RuntimeError):
    """The log is sealed by a key that is not here; the text says which, and what to do.

    Not a database error: waiting does not help, and a key of one's own would split the log.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The audit log is sealed by key {key_id}, which is not here. {where()} "
            "All machines that share the database need the same keys. If it is lost for good, "
            "run manage.py rotate_audit_key --lost."
        )


class Key:
    """One key. What it makes are 64 hexadecimal digits: HMAC-SHA256 under a prefix for each use."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = self._mac(_ID, "")[:ID_LENGTH]

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def seal(self, digest: str) -> str:
        """The seal of an entry whose hash is `digest`."""
        return self._mac(_SEAL, digest)

    def terms(self, prev: str, digests: Iterable[str]) -> str:
        """The commitment to the search terms of the entry that follows `prev`; empty for none.

        With a key, because an indicator can be guessed, and entries go to places that may not have
        its text.
        """
        lines = sorted(digests)
        return self._mac(_TERMS, "\n".join((prev, *lines))) if lines else ""

    def _mac(self, use: bytes, text: str) -> str:
        return hmac.digest(self._secret, use + text.encode(), "sha256").hex()


def keys() -> tuple[Key, ...]:
    """The keys as they are now, the newest first; none if none was made yet. Raises `BadKey`."""
    if settings.AUDIT_KEYS:
        return _keys(settings.AUDIT_KEYS)
    return _kept(*_state(settings.AUDIT_KEY_PATH))


def newest() -> Key:
    """The key that a log that is not sealed yet begins with; made if there is none."""
    if not keys():
        keyring.make(settings.AUDIT_KEY_PATH)
    return keys()[0]


def find(key_id: str) -> Key | None:
    """The key of this id, if it is here."""
    return next((key for key in keys() if key.id == key_id), None)


def mac(digest: str) -> tuple[str, str]:
    """The newest key's id, and its seal of an entry whose hash is `digest`."""
    key = newest()
    return key.id, key.seal(digest)


def is_genuine(key_id: str, digest: str, mac: str) -> bool:
    """Whether `mac` is the seal that the key `key_id` makes of `digest`. False if it is not here.

    Whatever stands in a database may be given.
    """
    key = find(key_id)
    if key is None or not isinstance(mac, str) or not mac.isascii():
        return False
    return hmac.compare_digest(key.seal(digest), mac)


@lru_cache(maxsize=8)
def _keys(secrets: tuple[bytes, ...]) -> tuple[Key, ...]:
    return tuple(map(Key, secrets))


def _state(path: Path) -> tuple[Path, tuple[int, ...]]:
    """The file and what tells whether it is another one by now: it is looked at for each entry."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return path, ()
    except OSError as error:
        raise BadKey(f"{path} cannot be read: {error.strerror}") from None
    return path, (stat.st_ino, stat.st_mtime_ns, stat.st_size, stat.st_mode)


@lru_cache(maxsize=8)
def _kept(path: Path, state: tuple[int, ...]) -> tuple[Key, ...]:
    if not state:
        return ()
    try:
        return _keys(keyring.parsed(keyring.read(path)))
    except BadKey as error:
        told = str(error)
        raise BadKey(told if str(path) in told else f"{path} {told}") from None


def where() -> str:
    """Where a key that is missing belongs."""
    if settings.AUDIT_KEYS:
        return "Add it to AUDIT_KEY."
    return f"Put the file that belongs to the log at {settings.AUDIT_KEY_PATH}, or set AUDIT_KEY."
