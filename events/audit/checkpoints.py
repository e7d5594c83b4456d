"""Checkpoints: the head of the log, signed, so that it can be kept where the desk cannot reach.

A checkpoint is one line of JSON with sorted keys and without spaces (`at`, `hash`, `key`, `seq`,
`v`) and a detached Ed25519 signature over exactly these bytes. OpenSSL alone verifies it:

    openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in X.json -sigfile X.sig

`key` is the beginning of SHA-256 over the 32 bytes of the public key. To syslog and to a URL both
travel in one object: `checkpoint` (the line, as a string) and `signature` (in base64).
"""

import base64
import binascii
import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from events import clock, private
from events.audit import body
from events.audit.chain import Head
from events.audit.report import Fault
from events.audit.verify import verify, verify_tail

VERSION = 1
KEY_FILE = "checkpoint_key.pem"
_KEYS = {"v", "at", "seq", "hash", "key"}
_HASH = re.compile(r"[0-9a-f]{64}")
# A collected checkpoint in a line of a file, whatever a syslog receiver wrote in front of it.
_ENVELOPE = '{"checkpoint":'


class KeyTrouble(RuntimeError):
    """The key cannot be used; the text says which and why, and holds nothing of it."""


class Broken(RuntimeError):
    """The log is not whole, so that nothing is signed; the text says what was found."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.about}: {fault.reason}")
        self.fault = fault


class Checkpoint(NamedTuple):
    """The signed `text`, taken apart: `at` is in UTC, `key` the id of the key that signed it."""

    head: Head
    at: str
    key: str
    text: str
    signature: bytes

    @property
    def name(self) -> str:
        """The name of its files without ending; in order of names the newest is the last."""
        at = re.sub(r"[^0-9TZ]", "", self.at.split(".")[0] + "Z")
        return f"{self.head.seq:012d}-{at}-{self.key}"

    @property
    def envelope(self) -> str:
        """Text and signature in one line of JSON."""
        signature = base64.b64encode(self.signature).decode()
        return _canonical({"checkpoint": self.text, "signature": signature})


@dataclass(frozen=True)
class Found:
    """Checkpoints that were read: `good` ones by number, and a sentence for each `bad` one."""

    good: tuple[Checkpoint, ...]
    bad: tuple[str, ...]


def make(after: Head | None = None) -> Checkpoint:
    """Verify the log, then sign its head.

    `after`: an entry up to which it is known to be whole; without it everything is verified.
    Raises `Broken`, and `KeyTrouble`.
    """
    report = verify() if after is None else verify_tail(after)
    if report.fault is not None:
        raise Broken(report.fault)
    return sign(report.head)


def sign(head: Head) -> Checkpoint:
    """The checkpoint of `head` as of now. Raises `KeyTrouble`."""
    signing = _private_key()
    key = key_id(signing.public_key())
    at = body.moment(clock.now())
    text = _canonical({"v": VERSION, "at": at, "seq": head.seq, "hash": head.hash, "key": key})
    return Checkpoint(head, at, key, text, signing.sign(text.encode()))


def public_key() -> Ed25519PublicKey:
    """The desk's own public key, made if there is none yet. Raises `KeyTrouble`."""
    return _private_key().public_key()


def public_pem() -> str:
    """The same as text, as `openssl` reads it. Raises `KeyTrouble`."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return public_key().public_bytes(encoding, form).decode()


def public_key_in(path: Path) -> Ed25519PublicKey:
    """The public key in the PEM file `path`. Raises `KeyTrouble`."""
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeyTrouble(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyTrouble(f"{path} holds no public key in PEM.") from None
    if not isinstance(found, Ed25519PublicKey):
        raise KeyTrouble(f"{path} holds a key of another kind than Ed25519.")
    return found


def key_id(key: Ed25519PublicKey) -> str:
    """What checkpoints call `key`: 16 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def keep(checkpoint: Checkpoint, folder: Path) -> Path:
    """Write it into `folder` as two files, and never over others. Raises `OSError`.

    The signature comes first: whoever sees the text finds its signature beside it. One whose text
    did not fit on the disk any more stays for the next try.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{checkpoint.name}.json"
    if not path.exists():
        signature = path.with_suffix(".sig")
        if not (signature.exists() and signature.read_bytes() == checkpoint.signature):
            private.write_new(signature, checkpoint.signature)
        private.write_new(path, checkpoint.text.encode())
    return path


def read(path: Path, keys: Sequence[Ed25519PublicKey]) -> Found:
    """The checkpoints in a folder, in one `.json` file with its `.sig`, or in a file of lines.

    Raises `OSError` if `path` itself cannot be read.
    """
    known = {key_id(key): key for key in keys}
    good, bad = [], []
    for name, text, signature in _pieces(path):
        try:
            good.append(_checked(text, signature, known))
        except ValueError as error:
            bad.append(f"{name}: {error}")
    return Found(tuple(sorted(good, key=lambda each: (each.head.seq, each.at))), tuple(bad))


def _pieces(path: Path) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, text and signature of each."""
    if path.is_dir():
        # Not by glob, to which a folder that may not be read is an empty one.
        for each in sorted(each for each in path.iterdir() if each.suffix == ".json"):
            yield from _pieces(each)
        return
    content = path.read_bytes()
    if path.suffix == ".json" and not content.startswith(_ENVELOPE.encode()):
        signature = b""
        with contextlib.suppress(OSError):
            signature = path.with_suffix(".sig").read_bytes()
        yield path.name, content, signature
        return
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        if _ENVELOPE in line:
            yield f"{path.name}, line {number}", *_opened(line[line.index(_ENVELOPE) :])


def _opened(line: str) -> tuple[bytes, bytes]:
    """Text and signature of one envelope; empty ones, which fit nothing, if it is none."""
    try:
        said, _ = json.JSONDecoder().raw_decode(line)
        return said["checkpoint"].encode(), base64.b64decode(said["signature"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        return b"", b""


def _checked(text: bytes, signature: bytes, known: Mapping[str, Ed25519PublicKey]) -> Checkpoint:
    """Raises `ValueError` with what is wrong. Nothing of the text counts before it is verified."""
    said = body.parsed(text.decode(errors="replace"))
    if not signature:
        raise ValueError("its signature is missing")
    key = known.get(str(said.get("key")))
    if key is None:
        raise ValueError("it is not signed with a key that was given")
    try:
        key.verify(signature, text)
    except InvalidSignature:
        raise ValueError("its signature does not fit: it was changed or forged") from None
    seq, digest, at = said.get("seq"), said.get("hash"), said.get("at")
    if said.keys() != _KEYS or said["v"] != VERSION or type(seq) is not int:
        raise ValueError("it is of a version that is not known here: use a newer program")
    if not isinstance(digest, str) or not _HASH.fullmatch(digest) or not isinstance(at, str):
        raise ValueError("it names no entry")
    return Checkpoint(Head(seq, digest), at, str(said["key"]), text.decode(), signature)


def _private_key() -> Ed25519PrivateKey:
    path = Path(settings.CHECKPOINT_KEY_FILE or Path(settings.STATE_DIR) / KEY_FILE)
    try:
        if not settings.CHECKPOINT_KEY_FILE and not path.exists():
            _make_key(path)
        private.close_secret(path)
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except private.TooOpenError as error:
        raise KeyTrouble(f"the key of the checkpoints: {error}.") from None
    except OSError as error:
        raise KeyTrouble(
            f"the key of the checkpoints, {path}, cannot be used: {error.strerror}."
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyTrouble(f"{path} holds no private key in PEM without a passphrase.") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyTrouble(f"{path} holds a key of another kind. Make one: {MAKE_KEY}")
    return found


MAKE_KEY = "openssl genpkey -algorithm ed25519 -out checkpoint_key.pem"


def _make_key(path: Path) -> None:
    """Several processes may try at once: the first one's stays."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = Ed25519PrivateKey.generate().private_bytes(encoding, form, serialization.NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        private.write_new(path, pem)


def _canonical(said: Mapping[str, str | int]) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"))
