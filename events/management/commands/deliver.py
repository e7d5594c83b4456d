"""deliver: the worker. Delivers what waits, looks for what is unknown, refreshes the lists.

Beside that it watches over the audit log, and streams it.
"""

import logging
import os
import signal
import socket
import threading
import time
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from events import clock, outbox, reference, services
from events.audit import seen
from events.audit.stream import Stream
from events.audit.watch import Watch
from events.failures import first_line
from events.models import Heartbeat, ReferenceList
from events.outbox import gate, history
from events.services import start

BEAT_EVERY = 20.0
# A worker whose last request or round is longer ago shows no sign of life any more.
STALLED_AFTER = 120.0
REFRESH_AFTER = 24 * 60 * 60.0
REFRESH_RETRY = 300.0
# Sends side by side. They wait for Cloudflare, not for this machine.
WIDTH = 4

log = logging.getLogger("events.deliver")


class Command(BaseCommand):
    """Work in rounds until SIGTERM, SIGINT or SIGHUP; what is under way is finished first."""

    help = "Deliver waiting events, reconcile unknown ones, refresh the lists once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--once` for cron and tests, `--every` seconds between rounds."""
        parser.add_argument("--once", action="store_true", help="one round, then end")
        parser.add_argument("--every", type=float, default=1.0, help="seconds between rounds")
        parser.add_argument(
            "--restored",
            action="store_true",
            help="the database was restored: look for everything before it is sent",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Several workers on several machines are safe: each claims what it takes."""
        worker = _Worker(is_restored=bool(options["restored"]), is_once=bool(options["once"]))
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda *_: worker.stop())
        try:
            while not worker.is_stopping:
                is_idle = worker.round()
                if options["once"]:
                    break
                if is_idle:
                    worker.wait(float(str(options["every"])))
        finally:
            worker.end()


class _Worker:
    """One process's rounds, its sign of life and the daily refresh of the lists."""

    def __init__(self, *, is_restored: bool, is_once: bool = False) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._is_restored, self._is_once = is_restored, is_once
        self._is_checked = False
        self._refreshed = float("-inf")
        self._began = time.time()
        self._stopping = threading.Event()
        self._pulse = time.monotonic()
        self._crew = outbox.Crew(WIDTH, self._go_on)
        self._heart = threading.Thread(target=self._beat, name="heart", daemon=True)
        self._watch, self._stream = Watch(socket.gethostname()), _stream(self.name)
        self._beside: list[threading.Thread] = []

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Claim no more."""
        self._stopping.set()
        self._crew.stop()

    def wait(self, seconds: float) -> None:
        """Until the next round, or until told to stop."""
        self._stopping.wait(seconds)

    def round(self) -> bool:
        """Whether nothing was due. Never ends for a database that is away: it may come back."""
        self._go_on()
        moved = 0
        try:
            close_old_connections()
            self._check()
            self._hold_after_sleep()
            for submission in outbox.work(services.client(), self._crew):
                moved += 1
                log.info("submission %s is %s", submission.pk, submission.state)
            if not self.is_stopping:
                self._refresh()
            if self._is_once:
                self._look_at_log()
        except (DatabaseError, InterfaceError) as error:
            log.warning("the database did not answer: %s", first_line(error))
            # When it is back, it may be a backup that was put in its place.
            self._is_checked = False
            return True
        return moved == 0

    def _check(self) -> None:
        """Before anything is sent: is the clock right, and is this desk what it seems to be?"""
        if self._is_checked:
            return
        if trouble := start.trouble():
            raise CommandError(trouble)
        reason = history.check()
        if self._is_restored and not reason:
            history.hold("the worker was told that the database was restored")
        if self._is_restored:
            # What was seen of the log after the backup is not in it, and people know.
            seen.forget()
        self._is_checked, self._is_restored = True, False
        if self._heart.ident is None:
            self._heart.start()
            if not self._is_once:
                self._start_beside()

    def _start_beside(self) -> None:
        """The log is watched and streamed beside the rounds, which wait for neither."""
        runs = {"audit-watch": self._watch.run}
        if self._stream is not None:
            runs["audit-stream"] = self._stream.run
        for name, run in runs.items():
            thread = threading.Thread(target=run, args=(self._stopping,), name=name, daemon=True)
            thread.start()
            self._beside.append(thread)

    def _look_at_log(self) -> None:
        self._watch.once()
        if self._stream is not None:
            self._stream.once()

    def _hold_after_sleep(self) -> None:
        """A machine that slept, or that goes on from its snapshot, may be a copy as well."""
        slept, self._began = time.time() - self._began, time.time()
        if slept > history.LONG_STOP.total_seconds():
            history.hold(f"this machine stood still for {slept / 60:.0f} minutes")

    def _go_on(self) -> None:
        self._pulse = time.monotonic()

    def _beat(self) -> None:
        """Show signs of life, in a thread of their own, as long as the work goes on."""
        while True:
            if time.monotonic() - self._pulse < STALLED_AFTER:
                try:
                    # Before it beats: its own last beat tells how long it stood still.
                    history.check()
                    Heartbeat.beat(self.name)
                    self._crew.share = Heartbeat.alive()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("no sign of life: %s", first_line(error))
                finally:
                    connection.close()
            if self._stopping.wait(BEAT_EVERY):
                return

    def _refresh(self) -> None:
        """Fetch the lists once a day, beside the rounds: that may take minutes."""
        if time.monotonic() - self._refreshed < REFRESH_RETRY or gate.closed():
            return
        self._refreshed = time.monotonic()
        newest = ReferenceList.objects.order_by("-fetched_at").first()
        if newest and (clock.now() - newest.fetched_at).total_seconds() < REFRESH_AFTER:
            return
        if self._is_once:
            self._fetch()
        else:
            threading.Thread(target=self._fetch, name="lists", daemon=True).start()

    def _fetch(self) -> None:
        api = outbox.Api(services.client(), self._crew.spend)
        try:
            for fetched in reference.refresh(api.client, api.ask):
                log.info("list %s: %s", fetched.name, fetched.error or f"{fetched.items} items")
        except (DatabaseError, InterfaceError) as error:
            log.warning("the lists could not be kept: %s", first_line(error))
        finally:
            if not self._is_once:
                connection.close()

    def end(self) -> None:
        """Finish what is under way, and take the sign of life back if the database answers."""
        self.stop()
        self._crew.close()
        for thread in (self._heart, *self._beside):
            if thread.is_alive():
                thread.join(5)
        try:
            Heartbeat.stop(self.name)
            history.note()
        except (DatabaseError, InterfaceError) as error:
            log.warning("the database did not answer: %s", first_line(error))


def _stream(name: str) -> Stream | None:
    """The worker's part in streaming the log, if it is to go anywhere."""
    if settings.AUDIT_STREAM == "off":
        return None
    return Stream(settings.AUDIT_STREAM, owner=name, most=settings.AUDIT_STREAM_TEXTS)
