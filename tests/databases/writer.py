"""A greedy process: `python -m tests.databases.writer THREADS` writes until it is ended."""

import os
import sys
import time
from threading import Thread

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")


def write() -> None:
    """One transaction after the other, as long as a send's."""
    from django.db import transaction

    from events.models import Throttle

    while True:
        with transaction.atomic():
            Throttle.objects.update_or_create(
                key="greedy", defaults={"since": "2022-04-01T00:00:00Z", "count": 1}
            )
            time.sleep(0.004)


if __name__ == "__main__":
    django.setup()
    for _ in range(int(sys.argv[1])):
        Thread(target=write, daemon=True).start()
    print("writing", flush=True)
    time.sleep(60)
