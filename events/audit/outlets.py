"""Where checkpoints go: a folder, syslog, a URL. Each may be away without holding up the others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import certifi
from django.conf import settings
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from events import syslog
from events.audit import checkpoints
from events.audit.checkpoints import Checkpoint
from events.cloudflare.deadline import (
    BoundedPool,
    BoundedTLSPool,
    Exchange,
    TooLong,
    bounding,
    tls_context,
)

# Seconds and bytes that one exchange with the URL may take.
URL_SECONDS = 10.0
URL_BYTES = 64 * 1024

# What brings a checkpoint to one place. Raises `OSError` with words if it did not arrive.
Outlet = Callable[[Checkpoint], None]


def all_outlets() -> dict[str, Outlet]:
    """Every place that is set, by words for whoever reads of it."""
    folder = Path(settings.CHECKPOINT_DIR)
    found: dict[str, Outlet] = {f"the folder {folder}": partial(_to_folder, folder)}
    if settings.CHECKPOINT_SYSLOG is not None:
        receiver = settings.CHECKPOINT_SYSLOG
        found[f"syslog at {receiver}"] = partial(_to_syslog, receiver)
    if settings.CHECKPOINT_URL:
        # The path may hold a secret.
        host = urlsplit(settings.CHECKPOINT_URL).hostname
        found[f"the URL at {host}"] = partial(_to_url, settings.CHECKPOINT_URL)
    return found


def _to_folder(folder: Path, checkpoint: Checkpoint) -> None:
    checkpoints.keep(checkpoint, folder)


def _to_syslog(receiver: syslog.Target, checkpoint: Checkpoint) -> None:
    sender = syslog.Sender(receiver)
    try:
        sender.send([syslog.message(checkpoint.envelope, "checkpoint")])
    finally:
        sender.close()


def _to_url(url: str, checkpoint: Checkpoint) -> None:
    """One POST, bounded in all; a redirect is not followed, and no proxy is used."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    pool = _pool(parts.scheme, parts.hostname or "", parts.port)
    exchange = Exchange(parts.hostname or "", URL_SECONDS, URL_BYTES, URL_SECONDS)
    try:
        with bounding(exchange):
            answer = pool.urlopen(
                "POST",
                path,
                body=checkpoint.envelope.encode(),
                headers={"Content-Type": "application/json", "Connection": "close"},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            answer.close()
    except (HTTPError, TooLong) as error:
        raise OSError(f"no answer: {type(error).__name__}") from None
    finally:
        pool.close()
    if not 200 <= answer.status < 300:
        raise OSError(f"the answer was {answer.status}")


def _pool(scheme: str, host: str, port: int | None) -> HTTPConnectionPool:
    if scheme == "http":
        return BoundedPool(host, port, timeout=URL_SECONDS)
    context = tls_context(settings.CLOUDFLARE.ca_bundle or certifi.where())
    return BoundedTLSPool(host, port, timeout=URL_SECONDS, ssl_context=context)
