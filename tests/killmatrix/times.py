"""The product's waits, compressed about a hundredfold, in proportion.

As in reality, the quiet period is longer than the API's latest late acceptance (plans.LATE, counted
from the arrival of a request), and a lease is longer than the client's deadline.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings

from events.outbox import freeze, gate, reconcile, settle

# `events.outbox.deliver` is the function of that name.
delivering = import_module("events.outbox.deliver")

DEADLINE = 0.4
LEASE_MARGIN = 0.35
QUIET = 1.5
LOOKS = (1.5, 1.6, 1.7)
HASTY_LOOKS = (0.0, 0.02, 0.04)
SHORT = 0.05
# What a request may take from fork to end for these times to hold; 0.04 on an idle machine.
USUAL_SECONDS = 0.12
SLOWEST = 8.0


def slowness(seconds: float) -> float:
    """How many times longer than the times above to wait where a request takes `seconds`."""
    return min(max(seconds / USUAL_SECONDS, 1.0), SLOWEST)


def compress(
    base_url: str,
    *,
    quiet: float = QUIET,
    looks: tuple[float, ...] = LOOKS,
    slower: float = 1.0,
) -> None:
    """Make this process, and all that are forked from it, wait the compressed times.

    `slower` makes them that many times longer, for a machine that is slow.
    """
    cloudflare = replace(settings.CLOUDFLARE, base_url=base_url, deadline=slower * DEADLINE)
    settings.CLOUDFLARE = cloudflare
    settings.RECONCILE_QUIET = slower * quiet
    settings.RECONCILE_AFTER = tuple(slower * look for look in looks)
    settings.SEND_LIMIT = 1_000_000
    freeze.LEASE_MARGIN = timedelta(seconds=slower * LEASE_MARGIN)
    delivering.BACKOFF_FIRST = delivering.BACKOFF_MOST = delivering.RETRY_AFTER_MOST = SHORT
    gate.PAUSE_MOST = SHORT
    gate.PROBE_FIRST = gate.PROBE_MOST = delivering.REFUSED_FIRST = SHORT
    reconcile.INCONCLUSIVE_WAIT = timedelta(seconds=SHORT)
    reconcile._patience = _patience
    settle.RETRY_WAITS = (SHORT / 10,) * len(settle.RETRY_WAITS)


def _patience(since: datetime | None, now: datetime) -> timedelta:
    """Searches that proved nothing are made again soon, however long that has gone on."""
    return timedelta(seconds=SHORT)
