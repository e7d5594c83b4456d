"""verify_audit: whether the audit log is as it was written."""

import argparse
import re

from django.core.management.base import BaseCommand, CommandError

from events import audit
from events.audit import triggers

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})", re.ASCII)


class Command(BaseCommand):
    """Recompute the whole chain, and compare what it is about; 1 if anything is not as it was."""

    help = (
        "Verify the audit log: every entry, its seal, texts and search terms, that each submission "
        "is as its entries say, and that the database still refuses changes."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--expect SEQ:HASH`"""
        parser.add_argument(
            "--expect",
            type=_noted_head,
            metavar="SEQ:HASH",
            help="the head that an earlier run printed: finds entries cut off the end since then, "
            "and a chain that was rewritten",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Print a line or two. Raises `CommandError` with one line if the log is not whole."""
        expect = options["expect"]
        report = audit.verify([expect] if isinstance(expect, tuple) else ())
        for note in report.notes:
            self.stdout.write(note)
        if report.fault is not None:
            raise CommandError(_told(report, report.fault))
        if absent := triggers.missing():
            raise CommandError(
                f"chain is whole: {report.entries} entries, head {report.head}; but triggers that "
                f"keep it from being changed are missing: {', '.join(absent)}. "
                "Find out who removed them, then run migrate, which puts them back."
            )
        self.stdout.write(f"chain is whole: {report.entries} entries, head {report.head}")
        self.stdout.write(f"submissions are as the log says: {report.submissions}")


def _told(report: audit.Report, fault: audit.Fault) -> str:
    if fault.seq is not None:
        return f"chain is broken at {fault.about}: {fault.reason}"
    return (
        f"chain is whole: {report.entries} entries, head {report.head}; but {fault.about} "
        f"is not as the log says: {fault.reason}"
    )


def _noted_head(text: str) -> tuple[int, str]:
    noted = _HEAD.fullmatch(text.strip())
    if noted is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a head. Write the number, a colon and the 64 digits of the hash, "
            "as verify_audit prints them."
        )
    return int(noted[1]), noted[2].lower()
