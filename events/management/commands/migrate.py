"""migrate: Django's own, as the role that owns the tables."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from events import privileges


class Command(migrate.Command):
    """Change the schema by MIGRATE_DATABASE_URL where it is set, else by DATABASE_URL."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises `CommandError` if the role may not change the schema."""
        with privileges.as_owner(options["database"]):
            is_reading = options["plan"] or options["check_unapplied"]
            if not is_reading and not privileges.may_create(options["database"]):
                raise CommandError(_refusal(options["database"]))
            super().handle(*args, **options)


def _refusal(using: str) -> str:
    role = connections[using].settings_dict["USER"]
    return (
        f"The role {role!r} may not change the database's tables. Set MIGRATE_DATABASE_URL to the "
        "address of the role that owns them; manage.py database_roles makes it."
    )
