"""demo_data: the accounts analyst, reviewer, auditor and admin, for trial and training."""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

ACCOUNTS = {
    "analyst": "analyst",
    "reviewer": "reviewer",
    "auditor": "auditor",
    "admin": "administrator",
}


class Command(BaseCommand):
    """Make the demo accounts, or give them the demo password again."""

    help = (
        "Make the demo accounts analyst, reviewer, auditor and admin. Their password is "
        "DEMO_PASSWORD, or one made at random and kept in the state folder."
    )

    def handle(self, *args: object, **options: object) -> None:
        """Print each account with its password. Raises `CommandError` for a weak one."""
        password = demo_password()
        with transaction.atomic():
            for name, role in ACCOUNTS.items():
                _account(name, role, password)
        for name in ACCOUNTS:
            self.stdout.write(f"  {name:<10} {password}")


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
    if not user.check_password(password):
        user.set_password(password)
    user.is_active = True
    user.is_staff = user.is_superuser = role == "administrator"
    user.save()
    user.groups.set([Group.objects.get(name=role)])
