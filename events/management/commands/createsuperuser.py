"""createsuperuser: an account with a role, made where nobody can sign in yet.

It has Django's name because people look for that, and does what they mean: it makes an
administrator. Nobody needs a superuser here, who would see all TLP:RED and skip every right.
"""

import getpass
import os
import sys
from argparse import ArgumentParser

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from events.models import UnusableName, is_taken
from events.roles import ROLES


class Command(BaseCommand):
    """Make one account. The log says so: it listens to the models."""

    help = "Make an account: an administrator (no superuser), or one with another role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The same options as Django's command, and `--role`."""
        parser.add_argument("--username", default=os.environ.get("DJANGO_SUPERUSER_USERNAME", ""))
        parser.add_argument("--email", default="")
        parser.add_argument("--role", choices=sorted(ROLES), default="administrator")
        parser.add_argument(
            *("--noinput", "--no-input"),
            action="store_false",
            dest="interactive",
            help="ask nothing: the password is in DJANGO_SUPERUSER_PASSWORD",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Raises `CommandError` for a name or a password that the pages would refuse too."""
        is_asked = bool(options["interactive"])
        name, role = str(options["username"]), str(options["role"])
        if is_asked and not name:
            name = input("Name: ")
        user = User(username=User.normalize_username(name.strip()), email=str(options["email"]))
        _check_name(user)
        user.set_password(_asked_password(user) if is_asked else _given_password(user))
        with transaction.atomic():
            user.save()
            user.groups.set([Group.objects.get(name=role)])
        self.stdout.write(f"The account {user.get_username()} is made; its role is {role}.")


def _check_name(user: User) -> None:
    try:
        user.clean_fields(exclude={"password"})
        if is_taken(user.get_username()):
            raise CommandError("There is an account with this name. Choose another.")
    except UnusableName as error:
        raise CommandError(f"{error} Write another with --username.") from None
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None


def _given_password(user: User) -> str:
    password = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
    if problem := _problem(password, user):
        raise CommandError(f"DJANGO_SUPERUSER_PASSWORD: {problem}")
    return password


def _asked_password(user: User) -> str:
    """Ask until a password is good and was typed the same way twice."""
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask. Use --noinput.")
    while True:
        password = getpass.getpass("Password: ")
        problem = _problem(password, user)
        if not problem and getpass.getpass("Password again: ") == password:
            return password
        sys.stderr.write(f"{problem or 'These differ.'} Type it again.\n")


def _problem(password: str, user: User) -> str:
    """What is wrong with it; empty if nothing is."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
