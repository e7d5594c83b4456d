"""run_desk: everything that one machine needs: web server, delivery worker, and the sandbox."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from events import privileges
from events.models import Heartbeat
from webui import env

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
START_WITHIN = 20.0
STOP_WITHIN = 35.0
RESTART_AFTER = 2.0
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    """Prepare the database and files, then run and watch the processes until told to stop."""

    help = "Serve Event Desk with its delivery worker, and with the sandbox if no token is set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--port` moves it; the default is the variable PORT, else 8000."""
        parser.add_argument("--port", type=int, default=env.port("PORT", 8000))

    def handle(self, *args: object, **options: object) -> None:
        """Block until SIGTERM or SIGINT. Raises `CommandError` if something cannot start."""
        port = int(str(options["port"]))
        # The terminal stays readable; who wants the lines says where to.
        os.environ.setdefault("AUDIT_STREAM", "off")
        _must_be_free(port, "PORT")
        if _own_sandbox():
            _must_be_free(settings.SANDBOX_PORT, "SANDBOX_PORT")
        _migrate()
        call_command("check", databases=["default"])
        call_command("collectstatic", interactive=False, verbosity=0)
        watch = _Watch()
        try:
            self._start(watch, port)
            watch.until_stopped()
        finally:
            watch.stop()

    def _start(self, watch: "_Watch", port: int) -> None:
        if _own_sandbox():
            ledger = Path(settings.STATE_DIR) / "sandbox.sqlite3"
            watch.start(
                "sandbox",
                [*MANAGE, "run_sandbox", f"--port={settings.SANDBOX_PORT}", f"--ledger={ledger}"],
            )
            _wait_for(settings.SANDBOX_PORT, watch)
        watch.start("worker", [*MANAGE, "deliver"])
        watch.start("web", _gunicorn(port))
        _wait_for(port, watch)
        _wait_for_worker(watch)
        self.stdout.write(f"\nEvent Desk is at http://127.0.0.1:{port}")
        if settings.CLOUDFLARE.sandbox:
            self.stdout.write(f"It talks to the sandbox at {settings.CLOUDFLARE.base_url}")
        else:
            self.stdout.write(f"It talks to {settings.CLOUDFLARE.base_url}")
        if _own_sandbox():
            self.stdout.write("Nothing reaches Cloudflare. Accounts and their passwords:")
            call_command("demo_data", stdout=self.stdout)
        self.stdout.write("Stop it with Ctrl+C.\n")
        self.stdout.flush()


class _Watch:
    """The child processes: started, started again when they end, stopped together."""

    def __init__(self) -> None:
        self._commands: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)

    def start(self, name: str, command: list[str]) -> None:
        self._commands[name] = command
        self._running[name] = subprocess.Popen(  # noqa: S603
            command,
            env=_of_the_application(),
            preexec_fn=_die_with_parent(),  # noqa: PLW1509
        )

    def is_running(self) -> bool:
        return not self._stopping and all(p.poll() is None for p in self._running.values())

    def until_stopped(self) -> None:
        while not self._stopping:
            for name, process in list(self._running.items()):
                if process.poll() is not None and not self._stopping:
                    print(f"{name} ended with {process.returncode}, starting it again", flush=True)
                    time.sleep(RESTART_AFTER)
                    self.start(name, self._commands[name])
            time.sleep(0.2)

    def stop(self) -> None:
        """The web server first, so that nothing new comes in; the sandbox last."""
        for process in reversed(self._running.values()):
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True


def _migrate() -> None:
    """Bring the tables up to date. Raises `CommandError` where that is for another role."""
    if settings.MIGRATE_DATABASE or privileges.may_create():
        call_command("migrate", verbosity=0)
        return
    try:
        call_command("migrate", check_unapplied=True, verbosity=0)
    except SystemExit:
        raise CommandError(
            "The database is not up to date, and this role may not change its tables. Run "
            "manage.py migrate with MIGRATE_DATABASE_URL."
        ) from None


def _of_the_application() -> dict[str, str]:
    """The environment without the addresses of the roles that may do more."""
    stronger = ("MIGRATE_DATABASE_URL", "ADMIN_DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(stronger)}


def _own_sandbox() -> bool:
    """Whether we are to run the sandbox ourselves: only where nothing else was configured."""
    return bool(
        settings.CLOUDFLARE.base_url == f"http://127.0.0.1:{settings.SANDBOX_PORT}/client/v4"
        and settings.CLOUDFLARE.account_id == "sandbox"
    )


def _gunicorn(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "--config=python:webui.serving"),
        *("webui.wsgi", f"--bind=127.0.0.1:{port}"),
    ]


def _must_be_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used: {error.strerror}. Choose another with {name}=…"
            ) from None


def _wait_for(port: int, watch: _Watch) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end and watch.is_running():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CommandError(f"Nothing answers on port {port}; see the lines above.")


def _wait_for_worker(watch: _Watch) -> None:
    """Until the worker has given a sign of life; the pages say so if it never does."""
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end and watch.is_running() and not Heartbeat.any_alive():
        time.sleep(0.1)
    connection.close()


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, end children even when this process is killed outright, so that ports are freed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return arrange
