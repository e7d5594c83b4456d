"""checkpoint_audit: a signed head of the log, now; or the public key that verifies it."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from events import audit
from events.audit import checkpoints, outlets


class Command(BaseCommand):
    """Verify the whole log, sign its head, and bring that to every place that is set."""

    help = "Sign the head of the audit log, after verifying all of it, and send it out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--public-key`"""
        parser.add_argument(
            "--public-key",
            action="store_true",
            help="print the public key, to be kept elsewhere, and make no checkpoint",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Print a line for each place. Raises `CommandError` if nothing may be signed, or if a
        place did not take it.
        """
        try:
            if options["public_key"]:
                self.stdout.write(checkpoints.public_pem(), ending="")
                return
            made = self._made()
        except checkpoints.KeyTrouble as error:
            raise CommandError(str(error)) from None
        except checkpoints.Broken as error:
            raise CommandError(f"Nothing was signed: the log is broken at {error}") from None
        failed = False
        for name, bring in outlets.all_outlets().items():
            try:
                bring(made)
                self.stdout.write(f"checkpoint {made.head} is in {name}")
            except OSError as error:
                failed = True
                self.stderr.write(f"{name} did not take it: {error.strerror or error}")
        if failed:
            raise CommandError("The checkpoint did not go everywhere; see the lines above.")

    def _made(self) -> checkpoints.Checkpoint:
        if (alarm := audit.alarm()) is not None:
            raise CommandError(f"Nothing was signed: an alarm stands: {alarm.text}")
        return checkpoints.make()
