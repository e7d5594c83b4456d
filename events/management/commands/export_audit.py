"""export_audit: the audit log as JSON lines, for keeping and verifying elsewhere."""

import getpass
import os
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from events import audit
from events.audit import export


class Command(BaseCommand):
    """Write entries with their texts; the export is an entry itself."""

    help = f"Export the audit log as JSON lines, TLP:RED texts included. {export.__doc__}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--from`, `--to`, `--output`"""
        parser.add_argument("--from", type=int, default=1, metavar="SEQ", help="the first entry")
        parser.add_argument("--to", type=int, metavar="SEQ", help="the last entry; else the head")
        parser.add_argument("--output", metavar="FILE", help="a new file; else standard output")

    def handle(self, *args: object, **options: Any) -> None:
        """Log the export, then write it. Raises `CommandError` if there is nothing, or no file."""
        head = audit.head()
        first, last = options["from"], min(options["to"] or head.seq, head.seq)
        if not 1 <= first <= last:
            raise CommandError(f"There are no entries from {first} to {last}. The head is {head}.")
        with ExitStack() as opened:
            out: Any = self.stdout
            if options["output"]:
                out = opened.enter_context(_new_file(options["output"]))
            audit.record(_fact(first, last, options["output"] or "standard output"))
            for line in export.lines(first, last):
                out.write(f"{line}\n")
        self.stderr.write(f"exported entries {first} to {last}; the head is {head}")


def _fact(first: int, last: int, where: str) -> audit.Fact:
    actor = audit.Actor.system(f"export_audit by {getpass.getuser()}")
    return audit.Fact("audit.exported", actor, reason=f"entries {first} to {last} to {where}")


def _new_file(path: str) -> TextIO:
    """A file that only its owner may read, which did not exist before."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
