"""`manage.py run_sandbox`: a loopback stand-in for the Threat Events API, until Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.sandbox.command import add_arguments, open_sandbox, run


class Command(BaseCommand):
    """Options, output and ending are those of `python -m events.sandbox`."""

    help = "Serve a sandbox of the Threat Events API on a loopback address."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The sandbox's own options."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serves until SIGINT or SIGTERM."""
        try:
            sandbox = open_sandbox(options)
        except ValueError as error:
            raise CommandError(str(error)) from None
        run(sandbox, self._say)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
