"""database_roles: makes PostgreSQL's two roles, and gives each what it may do and no more."""

from argparse import ArgumentParser

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from events import privileges
from webui import env


class Command(BaseCommand):
    """Make the roles of DATABASE_URL and MIGRATE_DATABASE_URL, and their database."""

    help = (
        "Make the role that owns the tables (MIGRATE_DATABASE_URL), the application's role "
        "(DATABASE_URL), which owns nothing, and the database; or make them right. Connects by "
        "ADMIN_DATABASE_URL. May be run again."
    )
    # The roles that checks would look with may not exist yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--sql` is for an administrator of the database who runs it with psql."""
        parser.add_argument(
            "--sql", action="store_true", help="print SQL for psql instead of connecting"
        )

    def handle(self, *args: object, **options: object) -> None:
        """Raises `CommandError` if a setting is missing or the database refuses."""
        steps = _steps()
        if options["sql"]:
            self.stdout.write(_printed(steps, str(connection.settings_dict["NAME"])))
            return
        admin = env.secret("ADMIN_DATABASE_URL")
        if not admin:
            raise CommandError(
                "ADMIN_DATABASE_URL is not set. Write the address of a role that may make roles "
                "and databases, or use --sql."
            )
        try:
            is_new = _run(admin, steps)
        except psycopg.Error as error:
            raise CommandError(f"The database refused: {_first_line(error)}") from None
        self.stdout.write("Both roles are as they have to be.")
        if is_new:
            self.stdout.write("The database is new. Run manage.py migrate now.")
        else:
            call_command("migrate", verbosity=0)
            self.stdout.write("The tables are migrated, and the rights to them granted.")


def _steps() -> privileges.Steps:
    if connection.vendor != "postgresql" or settings.MIGRATE_DATABASE is None:
        raise CommandError(
            "Set DATABASE_URL to the application's address in PostgreSQL and MIGRATE_DATABASE_URL "
            "to that of the role that owns the tables."
        )
    try:
        return privileges.steps(
            owner=_address(settings.MIGRATE_DATABASE),
            application=_address(connection.settings_dict),
        )
    except ValueError as error:
        raise CommandError(str(error)) from None


def _address(config: dict[str, object]) -> privileges.Address:
    role, password, name = (str(config[key] or "") for key in ("USER", "PASSWORD", "NAME"))
    if not role:
        raise CommandError("DATABASE_URL and MIGRATE_DATABASE_URL have to name their roles.")
    return privileges.Address(role, password, name)


def _run(admin: str, steps: privileges.Steps) -> bool:
    """Run all of it; whether the database was made now."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(admin, autocommit=True) as server:
        _refuse_itself(server)
        for statement in steps.server:
            server.execute(statement.encode())
        found = server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            server.execute(steps.create.encode())
    with psycopg.connect(admin, dbname=name) as inside:
        for statement in steps.inside:
            inside.execute(statement.encode())
    return found is None


def _refuse_itself(server: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Who makes the roles would take its own rights away."""
    if server.info.user == connection.settings_dict["USER"]:
        raise CommandError(
            f"DATABASE_URL and ADMIN_DATABASE_URL both name {server.info.user!r}. Write another "
            "role into DATABASE_URL: it is made."
        )


def _printed(steps: privileges.Steps, name: str) -> str:
    """For psql, which alone knows \\gexec and \\connect."""
    quoted = name.replace("'", "''")
    create = steps.create.replace("'", "''")
    return "\n".join(
        [
            "\\set ON_ERROR_STOP on",
            *(f"{each};" for each in steps.server),
            f"SELECT '{create}' WHERE NOT EXISTS "  # noqa: S608
            f"(SELECT FROM pg_database WHERE datname = '{quoted}') \\gexec",
            f"\\connect '{name}'",
            *(f"{each};" for each in steps.inside),
        ]
    )


def _first_line(error: psycopg.Error) -> str:
    """Without DETAIL and the statement."""
    return str(error).strip().partition("\n")[0]
