"""Secret keys as text and in a file: read strictly, made once, never weak, never shown."""

import base64
import binascii
import os
import re
import secrets
from pathlib import Path

from events import private

KEY_BYTES = 32
# Random bytes have more different ones by far; a text that somebody thought up has not.
_DIFFERENT_MIN = 16
_SEPARATORS = re.compile(r"[\s,]+")
_TO_URL_SAFE = str.maketrans("+/", "-_")


class BadKey(ValueError):
    """A text or file that holds no usable keys; the message says what to do, and no key."""


def parsed(text: str) -> tuple[bytes, ...]:
    """The keys in `text`, in its order: base64 of 32 or more random bytes each, with white space or
    commas between them. Raises `BadKey` for a bad one, for one that is there twice, and for none.
    """
    keys = tuple(_decoded(part) for part in _SEPARATORS.split(text) if part)
    if not keys:
        raise BadKey("holds no key")
    if len(set(keys)) < len(keys):
        raise BadKey("holds the same key twice: leave one out")
    return keys


def new() -> str:
    """A new key as text."""
    return secrets.token_urlsafe(KEY_BYTES)


def read(path: Path) -> str:
    """What the file at `path` holds; empty if there is none. Raises `BadKey`.

    Only its owner may have a right to it: whoever reads it can write entries.
    """
    try:
        with path.open() as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise BadKey(f"{path} is open to other accounts. Run: chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadKey(f"{path} cannot be read: {reason}") from None


def make(path: Path) -> None:
    """Put a new key into the file at `path`, unless there is one: the first of several wins.

    Raises `BadKey` if it cannot be written.
    """
    _write(path, f"{new()}\n", is_new=True)


def put_before(path: Path) -> None:
    """Put a new key before those in the file at `path`; others see all of it or nothing."""
    _write(path, f"{new()}\n{read(path)}", is_new=False)


def _decoded(text: str) -> bytes:
    plain = text.rstrip("=").translate(_TO_URL_SAFE)
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKey("holds something that is not base64") from None
    if len(key) < KEY_BYTES or len(set(key)) < _DIFFERENT_MIN:
        raise BadKey("holds a weak key. Make one with: openssl rand -base64 32")
    return key


def _write(path: Path, text: str, *, is_new: bool) -> None:
    write = private.write_new if is_new else private.write_over
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(path, text.encode())
    except FileExistsError:
        pass
    except OSError as error:
        raise BadKey(f"{path} cannot be written: {error.strerror}") from None
