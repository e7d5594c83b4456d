"""What this machine saw of the log, kept in STATE_DIR and not in the database.

Whoever rewrites the log in the database does not rewrite this file: the entry that was verified
last has to be there with its hash. The file's name goes by the database's address, so that a desk
that moves to another database begins anew there.
"""

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from events.audit.chain import Head


class Seen(NamedTuple):
    """`verified` and `signed`: the heads that were verified and signed last, None before the first.

    `signed_at` is in seconds since 1970.
    """

    verified: Head | None = None
    signed: Head | None = None
    signed_at: float = 0.0


_lock = threading.Lock()


def load() -> Seen:
    """What was kept; nothing if there is no such file, or none that can be read."""
    try:
        said = json.loads(_path().read_text())
        signed_at = float(said["signed_at"])
        return Seen(_head(said["verified"]), _head(said["signed"]), signed_at)
    except (OSError, ValueError, KeyError, TypeError):
        return Seen()


def verified(head: Head) -> None:
    """Keep that the log was whole up to `head`, if that is further than what is kept."""
    with _lock:
        kept = load()
        if kept.verified is None or kept.verified.seq < head.seq:
            _keep(kept._replace(verified=head))


def signed(head: Head, at: float) -> None:
    """Keep that `head` was signed."""
    with _lock:
        _keep(load()._replace(signed=head, signed_at=at))


def forget() -> None:
    """Begin anew: the database was restored, and people know it."""
    with _lock, suppress(OSError):
        _path().unlink(missing_ok=True)


def _keep(seen: Seen) -> None:
    """Raises `OSError`."""
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(
            {"verified": seen.verified, "signed": seen.signed, "signed_at": seen.signed_at}, file
        )
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _head(said: Any) -> Head | None:
    return None if said is None else Head(int(said[0]), str(said[1]))


def _path() -> Path:
    address = connection.settings_dict
    names = [str(address.get(name)) for name in ("ENGINE", "HOST", "PORT", "NAME")]
    key = hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
    return Path(settings.STATE_DIR) / f"audit_seen-{key}.json"
