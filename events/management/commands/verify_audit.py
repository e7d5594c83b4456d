"""verify_audit: whether the audit log is as it was written."""

import argparse
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import audit
from events.audit import checkpoints, triggers

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})", re.ASCII)
_NAMED_MOST = 20


class Command(BaseCommand):
    """Recompute the whole chain, and compare what it is about; 1 if anything is not as it was."""

    help = (
        "Verify the audit log: every entry, its seal, texts and search terms, that each submission "
        "is as its entries say, and that the database still refuses changes."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--expect SEQ:HASH`, `--checkpoints PATH`, `--public-key FILE`"""
        parser.add_argument(
            "--expect",
            type=_noted_head,
            metavar="SEQ:HASH",
            help="the head that an earlier run printed: finds entries cut off the end since then, "
            "and a chain that was rewritten",
        )
        parser.add_argument(
            "--checkpoints",
            type=Path,
            metavar="PATH",
            help="signed heads that were kept: a folder, one .json file beside its .sig, or a file "
            "of collected lines; finds the same, and each signature that does not fit",
        )
        parser.add_argument(
            "--public-key",
            type=Path,
            action="append",
            metavar="FILE",
            help="the public key of the checkpoints, kept elsewhere (PEM); may be repeated. "
            "Without it: this desk's own",
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Print what is well. Raises `CommandError` with what is wrong if anything is."""
        found = _read(options["checkpoints"], options["public_key"] or [])
        noted = [options["expect"]] if options["expect"] else []
        report = audit.verify([*noted, *(each.head for each in found.good)])
        for note in report.notes:
            self.stdout.write(note)
        held = [each for each in found.good if each.head.seq <= report.head.seq]
        wrong = [] if report.fault is None else [_told(report, report.fault)]
        if wrong and held:
            wrong.append(f"the newest checkpoint that holds is {_words(held[-1])}")
        if options["checkpoints"] is not None and not (found.good or found.bad):
            wrong.append(f"there are no checkpoints in {options['checkpoints']}")
        wrong += [f"checkpoint {sentence}" for sentence in found.bad[:_NAMED_MOST]]
        if len(found.bad) > _NAMED_MOST:
            wrong.append(f"{len(found.bad)} checkpoints in all do not hold")
        if wrong:
            raise CommandError("\n".join(wrong))
        if absent := triggers.missing():
            raise CommandError(
                f"chain is whole: {report.entries} entries, head {report.head}; but triggers that "
                f"keep it from being changed are missing: {', '.join(absent)}. "
                "Find out who removed them, then run migrate, which puts them back."
            )
        self.stdout.write(f"chain is whole: {report.entries} entries, head {report.head}")
        self.stdout.write(f"submissions are as the log says: {report.submissions}")
        if held:
            self.stdout.write(f"{len(held)} checkpoints hold; the newest is {_words(held[-1])}")


def _told(report: audit.Report, fault: audit.Fault) -> str:
    if fault.seq is not None:
        return f"chain is broken at {fault.about}: {fault.reason}"
    return (
        f"chain is whole: {report.entries} entries, head {report.head}; but {fault.about} "
        f"is not as the log says: {fault.reason}"
    )


def _read(path: Path | None, key_files: list[Path]) -> checkpoints.Found:
    """Raises `CommandError` if the key or the path cannot be read."""
    if path is None:
        return checkpoints.Found((), ())
    try:
        given = [checkpoints.public_key_in(each) for each in key_files]
        return checkpoints.read(path, given or [checkpoints.public_key()])
    except checkpoints.KeyTrouble as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None


def _words(checkpoint: checkpoints.Checkpoint) -> str:
    return f"{checkpoint.head} of {checkpoint.at}"


def _noted_head(text: str) -> audit.Head:
    noted = _HEAD.fullmatch(text.strip())
    if noted is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a head. Write the number, a colon and the 64 digits of the hash, "
            "as verify_audit prints them."
        )
    return audit.Head(int(noted[1]), noted[2].lower())
