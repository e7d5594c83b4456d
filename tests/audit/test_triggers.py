"""The database's guards: what they refuse, that they come back, and that their absence is told."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from events import audit, privileges
from events.audit import triggers
from events.models import AuditAttachment, AuditEntry, AuditTerm
from tests.audit.support import behind, drop_triggers

ENTRY = {
    "hash": "1" * 64,
    "body": "{}",
    "at": "2026-11-23T12:00:00Z",
    "actor": "mallory",
    "action": "a.b",
    "outcome": "ok",
}


def refused(statement):
    """Whether the database refuses, and says that it is the audit log that does.

    On PostgreSQL it refuses its superuser; the application's role has not even the right.
    """
    with pytest.raises(DatabaseError, match="audit log refuses"), transaction.atomic():
        behind((statement, ()))
    return True


def immediate_constraints():
    """PostgreSQL alters no table for which checks are still due."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def logged(chain):
    audit.record(audit.Fact("a.b", audit.Actor.system("test"), terms=("evil.example",)))
    assert AuditTerm.objects.exists()


@pytest.mark.parametrize("table", triggers.TABLES)
def test_rows_cannot_be_updated_or_deleted(logged, table):
    assert refused(f"UPDATE {table} SET {'seq = seq' if 'entry' in table else 'id = id'}")
    assert refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("model", [AuditEntry, AuditAttachment, AuditTerm])
def test_the_orm_cannot_either(logged, model):
    first = model.objects.first()
    for attempt in (first.delete, first.save, model.objects.all().delete):
        refusal = pytest.raises(DatabaseError, match=r"log refuses|permission denied|Cannot delete")
        with refusal, transaction.atomic():
            attempt()


@pytest.mark.parametrize("table", triggers.TABLES)
def test_tables_cannot_be_truncated(logged, table):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    immediate_constraints()
    assert refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    ("seq", "prev"), [(1, "0" * 64), (7, "2" * 64), (9, None), (0, None), (-1, None), (7, "0" * 64)]
)
def test_an_entry_that_does_not_continue_the_chain_is_refused(chain, seq, prev):
    with pytest.raises(DatabaseError, match="audit log refuses"), transaction.atomic():
        AuditEntry.objects.create(seq=seq, prev=prev or audit.head().hash, **ENTRY)
    assert audit.head().seq == 6


def test_replacing_is_refused(logged):
    replace = "INSERT OR REPLACE INTO" if connection.vendor == "sqlite" else "INSERT INTO"
    upsert = "" if connection.vendor == "sqlite" else "ON CONFLICT (seq) DO UPDATE SET actor = 'x'"
    columns = "seq, prev, hash, body, at, actor, request_id, action, object_id, outcome, tlp"
    assert refused(
        f"{replace} events_auditentry ({columns}) SELECT {columns} FROM events_auditentry"
        f" WHERE seq = 2 {upsert}"
    )
    upsert = upsert.replace("(seq)", "(entry_id, name)").replace("actor", "content")
    assert refused(
        f"{replace} events_auditattachment (entry_id, name, salt, content)"
        f" SELECT entry_id, name, salt, 'other' FROM events_auditattachment WHERE true {upsert}"
    )


def test_an_honest_entry_is_let_through_the_orm(chain):
    AuditEntry.objects.create(seq=7, prev=audit.head().hash, mac="0" * 64, **ENTRY)
    assert audit.head().seq == 7


def test_installing_again_changes_nothing(chain):
    immediate_constraints()
    assert triggers.missing() == []
    for _ in range(2):
        behind(*((statement, ()) for statement in triggers.statements(connection)))
    assert triggers.missing() == []
    assert refused("DELETE FROM events_auditentry")


def test_a_trigger_that_was_weakened_counts_as_missing(db):
    name, table = "events_auditentry_insert", "events_auditentry"
    if connection.vendor == "sqlite":
        weak = f"CREATE TRIGGER {name} BEFORE INSERT ON {table} BEGIN SELECT 'all is well'; END"
        behind((f"DROP TRIGGER {name}", ()), (weak, ()))
    else:
        behind((f"ALTER TABLE {table} DISABLE TRIGGER {name}", ()))
    assert triggers.missing() == [name]


def test_the_system_check_tells_what_is_missing(transactional_db, monkeypatch):
    assert run_checks(databases=["default"]) == []
    drop_triggers()
    (error,) = run_checks(databases=["default"])
    assert error.is_serious() and "events_auditentry_insert" in error.msg
    assert "migrate" in error.hint
    monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
    (warning,) = run_checks(databases=["default"])
    assert not warning.is_serious(), "migrate is what puts them back"


def test_migrate_puts_them_back_and_the_log_says_so(transactional_db):
    audit.record(audit.Fact("a.b", audit.Actor.system("test")))
    drop_triggers()
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    entry = AuditEntry.objects.get(seq=2)
    assert entry.action == "audit.triggers_restored"
    assert "events_auditattachment" in entry.body
    assert audit.verify().is_whole
    call_command("migrate", verbosity=0)
    assert audit.head().seq == 2, "nothing was missing, so nothing is said"


@pytest.mark.parametrize("model", [AuditEntry, AuditAttachment, AuditTerm])
def test_a_table_that_a_migration_rebuilt_is_guarded_again(transactional_db, model):
    audit.record(
        audit.Fact(
            "a.b", audit.Actor.system("t"), attachments={"payload": "p"}, terms=("evil.example",)
        )
    )
    field = model._meta.get_field({AuditEntry: "actor", AuditTerm: "digest"}.get(model, "name"))
    wider = models.CharField(max_length=field.max_length + 1)
    wider.set_attributes_from_name(field.name)
    wider.model = model
    with privileges.as_owner(), connection.schema_editor() as editor:
        editor.alter_field(model, field, wider)
    if connection.vendor == "sqlite":
        assert triggers.missing(), "if a rebuild keeps triggers, this test shows nothing"
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    with privileges.as_owner(), connection.schema_editor() as editor:
        editor.alter_field(model, wider, field)


def test_before_the_tables_exist_nothing_is_missing(db, monkeypatch):
    drop_triggers()
    with monkeypatch.context() as patch:
        patch.setattr(connection.introspection, "table_names", lambda *_, **__: ["auth_user"])
        assert triggers.missing() == []
    assert triggers.missing() != []
