"""The product's waits, compressed about a hundredfold, in proportion.

As in reality, the quiet period is longer than the API's latest late acceptance (plans.LATE, counted
from the arrival of a request), and a lease is longer than the client's deadline.
"""

from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from events.outbox import deliver, freeze, pace, reconcile

DEADLINE = 0.3
LEASE_MARGIN = 0.25
QUIET = 1.1
LOOKS = (1.1, 1.2, 1.3)
HASTY_LOOKS = (0.0, 0.02, 0.04)
SHORT = 0.05


def compress(base_url: str, *, quiet: float = QUIET, looks: tuple[float, ...] = LOOKS) -> None:
    """Make this process, and all that are forked from it, wait the compressed times."""
    settings.CLOUDFLARE = replace(settings.CLOUDFLARE, base_url=base_url, deadline=DEADLINE)
    settings.RECONCILE_QUIET = quiet
    settings.RECONCILE_AFTER = looks
    settings.SEND_LIMIT = 1_000_000
    freeze.LEASE_MARGIN = timedelta(seconds=LEASE_MARGIN)
    deliver.BACKOFF_FIRST = deliver.BACKOFF_MOST = deliver.RETRY_AFTER_MOST = SHORT
    pace.PAUSE_MOST = SHORT
    reconcile.INCONCLUSIVE_WAIT = timedelta(seconds=SHORT)


def sweep_now() -> None:
    """Make the next round of a worker sweep whatever has not been swept yet."""
    from events.outbox import worker

    worker.SWEEP_AFTER = timedelta(0)
