"""What a log says of an error: never the text of a row, never a traceback for what was refused."""

import io
import logging

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client

from events.failures import LineFormatter
from tests.desk import Desk

CANARY = "canary-of-a-row-7f3a"
# Each fails in the server with the row's text in its words: in the lines after the first, and in
# the first.
FAILING = {
    "UniqueViolation": f"INSERT INTO canaries VALUES ('{CANARY}')",
    "NotNullViolation": f"INSERT INTO canaries VALUES ('{CANARY} too', NULL)",
    "InvalidTextRepresentation": f"PERFORM '{CANARY}'::integer",
}
TABLES = ("auth_user", "events_preferences", "events_heartbeat")


def break_tables(url, statement):
    """Every insert into the `TABLES` runs `statement` first."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE TABLE canaries (text text UNIQUE, more int NOT NULL DEFAULT 0)")
        database.execute("GRANT ALL ON canaries TO PUBLIC")
        database.execute("INSERT INTO canaries VALUES (%s)", [CANARY])
        database.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN {statement}; RETURN NEW; END$$"
        )
        for table in TABLES:
            database.execute(
                f"CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
            )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
@pytest.mark.parametrize("kind", FAILING)
def test_no_log_of_any_process_holds_the_text_of_a_row(kind, capfd):
    with Desk() as desk:
        person = desk.sign_in("analyst")
        page = person.get(f"{desk.url}/accounts/preferences/").text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        break_tables(desk.environment["MIGRATE_DATABASE_URL"], FAILING[kind])
        capfd.readouterr()
        answer = person.post(
            f"{desk.url}/accounts/preferences/",
            {"csrfmiddlewaretoken": token, "time_zone": "Asia/Tokyo", "theme": ""},
        )
        assert answer.status_code == 500
        worker = desk.manage("deliver", "--once", check=False)
        command = desk.manage(
            "createsuperuser", "--noinput", "--username=x", "--email=", check=False
        )
    web = "".join(capfd.readouterr())
    for told in (web, worker.stderr, command.stderr):
        assert kind in told or "Error" in told, told
        assert CANARY not in told
    assert "Traceback" in web
    assert "events_preferences" in web or "preferences" in web


@pytest.fixture
def log():
    """What the desk's own handler would write."""
    [formatter] = {
        handler.formatter
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, LineFormatter)
    }
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_a_page_that_is_refused_is_one_line_in_the_log(as_ana, log):
    assert as_ana.get("/admin/").status_code == 403
    assert as_ana.get("/events/?state=%00").status_code == 400
    lines = log.getvalue().splitlines()
    assert [line for line in lines if "Forbidden" in line]
    assert len(lines) == 2, lines
    assert "Traceback" not in log.getvalue()


def test_a_refused_form_is_logged_without_the_query_of_its_page(db, log):
    client = Client(enforce_csrf_checks=True, headers={"Referer": f"https://x.example/?q={CANARY}"})
    assert client.post("/accounts/login/", secure=True).status_code == 403
    assert "https://x.example/?" in log.getvalue()
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("error", [PermissionDenied, SuspiciousOperation, ValueError])
def test_a_fault_of_ours_keeps_its_traceback(log, error):
    words = "\n".join(["first", "second"])
    try:
        raise error(words)
    except error as caught:
        logging.getLogger("events.test").exception("it failed", exc_info=caught)
    assert "test_a_fault_of_ours" in log.getvalue()
    assert "first" in log.getvalue()
    assert "second" not in log.getvalue()


def test_what_led_to_an_error_is_told_before_it(log):
    try:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise ValueError("effect") from cause
    except ValueError:
        logging.getLogger("events.test").exception("it failed")
    told = log.getvalue()
    assert told.index("KeyError: 'cause'") < told.index("ValueError: effect")
