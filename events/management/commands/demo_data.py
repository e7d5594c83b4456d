"""demo_data: the accounts analyst, reviewer, auditor and admin, for trial and training alone."""

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from events.models import Account
from events.services import accounts, signin

ACCOUNTS = {
    "analyst": "analyst",
    "reviewer": "reviewer",
    "auditor": "auditor",
    "admin": "administrator",
}


class Command(BaseCommand):
    """Make the demo accounts, or give them the demo password again; or switch them off."""

    help = (
        "Make the demo accounts analyst, reviewer, auditor and admin. Their password is "
        "DEMO_PASSWORD, or one made at random and kept in the state folder. "
        "Only where events go to the sandbox."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--switch-off` is for a desk that goes live."""
        parser.add_argument(
            "--switch-off", action="store_true", help="switch off the demo accounts that are there"
        )

    def handle(self, *args: object, **options: object) -> None:
        """Print each account with its password.

        Raises `CommandError` for a weak one, and where events go to Cloudflare.
        """
        if options["switch_off"]:
            self._switch_off()
            return
        if not settings.CLOUDFLARE.sandbox:
            raise CommandError(
                "Demo accounts have a password that others know, and here events go to "
                f"{settings.CLOUDFLARE.base_url}. Make an account with manage.py createsuperuser."
            )
        password = demo_password()
        with transaction.atomic():
            for name, role in ACCOUNTS.items():
                _account(name, role, password)
        for name in ACCOUNTS:
            self.stdout.write(f"  {name:<10} {password}")

    @transaction.atomic
    def _switch_off(self) -> None:
        for user in signin.demo_accounts():
            user.is_active = False
            user.save()
            self.stdout.write(f"  {user.get_username()} is switched off")


def demo_password() -> str:
    """`DEMO_PASSWORD`, or the kept one, which is made the first time."""
    given = os.environ.get("DEMO_PASSWORD", "")
    if given:
        try:
            validate_password(given)
        except ValidationError as error:
            raise CommandError(f"DEMO_PASSWORD: {' '.join(error.messages)}") from None
        return given
    kept = Path(settings.STATE_DIR) / "demo_password"
    if not kept.exists():
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(15))
    return kept.read_text()


def _account(name: str, role: str, password: str) -> None:
    user, _ = User.objects.get_or_create(username=name)
    if not accounts.fits(None, user, password):
        user.set_password(password)
    user.is_active = True
    user.is_staff = user.is_superuser = False
    user.save()
    Account.objects.filter(user=user).update(is_demo=True)
    user.groups.set([Group.objects.get(name=role)])
