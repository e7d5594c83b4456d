"""deliver: the worker. Delivers what waits, looks for what is unknown, refreshes the lists."""

import logging
import os
import signal
import socket
import threading
import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from events import outbox, reference, services
from events.models import Heartbeat, ReferenceList

BEAT_EVERY = 20.0
REFRESH_AFTER = 24 * 60 * 60.0
REFRESH_RETRY = 300.0

log = logging.getLogger("events.deliver")


class Command(BaseCommand):
    """Work in rounds until SIGTERM or SIGINT; what is under way is finished first."""

    help = "Deliver waiting events, reconcile unknown ones, refresh the lists once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--once` for cron and tests, `--every` seconds between rounds."""
        parser.add_argument("--once", action="store_true", help="one round, then end")
        parser.add_argument("--every", type=float, default=1.0, help="seconds between rounds")

    def handle(self, *args: object, **options: object) -> None:
        """Several workers on several machines are safe: each claims what it takes."""
        self.stopping = threading.Event()
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stopping.set())
        worker = _Worker()
        try:
            while not self.stopping.is_set():
                worker.round(self.stopping)
                if options["once"]:
                    break
                self.stopping.wait(float(str(options["every"])))
        finally:
            worker.stop()


class _Worker:
    """One process's rounds, its sign of life and the daily refresh of the lists."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._beaten = self._refreshed = float("-inf")

    def round(self, stopping: threading.Event) -> None:
        """Never ends the process for a database that is away: it may come back."""
        try:
            close_old_connections()
            self._beat()
            for submission in outbox.work(services.client()):
                log.info("submission %s is %s", submission.pk, submission.state)
                self._beat()
                if stopping.is_set():
                    return
            self._refresh()
        except DatabaseError as error:
            log.warning("the database did not answer: %s", type(error).__name__)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten >= BEAT_EVERY:
            Heartbeat.beat(self.name)
            self._beaten = time.monotonic()

    def _refresh(self) -> None:
        if time.monotonic() - self._refreshed < REFRESH_RETRY:
            return
        self._refreshed = time.monotonic()
        newest = ReferenceList.objects.order_by("-fetched_at").first()
        if newest and (timezone.now() - newest.fetched_at).total_seconds() < REFRESH_AFTER:
            return
        for fetched in reference.refresh(services.client()):
            log.info("list %s: %s", fetched.name, fetched.error or f"{fetched.items} items")

    def stop(self) -> None:
        """Take the sign of life back, if the database still answers."""
        try:
            Heartbeat.stop(self.name)
        except DatabaseError:
            log.warning("the database did not answer")
