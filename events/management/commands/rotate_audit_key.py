"""rotate_audit_key: another key seals the audit log from now on."""

import getpass
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events import audit, keyring
from events.audit import chain, seal


class Command(BaseCommand):
    """Put a new key before the kept ones, or go on without one that is lost; both are logged."""

    help = (
        "Make a new key for the audit log, in the file in which this machine keeps it. The older "
        "ones stay there: what they sealed is verified with them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--lost`"""
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the key that sealed the log is lost for good: go on with the newest one here. "
            "What the lost one sealed can no longer be verified by its seals",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Change it and log that. Raises `CommandError` with what to do instead."""
        actor = audit.Actor.system(f"rotate_audit_key by {getpass.getuser()}")
        try:
            key = chain.replace_lost_key(actor) if options["lost"] else _rotated(actor)
        except (audit.BadKey, audit.UnknownKey, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The audit log is sealed by key {key} from now on.")
        if not settings.AUDIT_KEYS:
            self.stdout.write(f"Back up {settings.AUDIT_KEY_PATH}, apart from the database.")


def _rotated(actor: audit.Actor) -> str:
    if settings.AUDIT_KEYS:
        raise CommandError(
            "The keys are in AUDIT_KEY. Make a new one with openssl rand -base64 32, add it there "
            "on every machine and restart; then move it to the front on every machine and restart."
        )
    if told := audit.key_trouble():
        raise CommandError(told)
    old = seal.newest().id
    keyring.put_before(settings.AUDIT_KEY_PATH)
    new = seal.newest().id
    # The first entry after the change, whoever writes it, comes with one that the old key seals.
    audit.record(audit.Fact("audit.key_rotated", actor, new, reason=f"{new} in place of {old}"))
    return new
