"""Whatever changes an account or a group stands in the log, whichever way it came."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection, transaction

from events import audit
from events.models import AuditAttachment, AuditEntry, Throttle
from events.services import accounts
from tests.accounts.support import gets_in, hash_as_before
from tests.conftest import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
USERS = "/admin/auth/user/"
OTHER = "another long pass phrase"
PASSWORDS = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}

pytestmark = pytest.mark.django_db(transaction=True)


def logged():
    """Action, actor, object and reason of each entry about accounts and groups, oldest first."""
    rows = AuditEntry.objects.order_by("seq").values_list("action", "actor", "object_id", "body")
    return [
        (action, actor, name, json.loads(body)["reason"])
        for action, actor, name, body in rows
        if action.startswith(("user.", "group.", "account."))
    ]


@pytest.mark.parametrize("spelling", ["{}", "+{}", "%20{}", "0{}", "{}%20", "0_{}"])
def test_however_the_account_is_spelt_a_password_that_is_set_is_logged(as_vera, ana, spelling):
    as_vera.post(f"{USERS}{spelling.format(ana.pk)}/password/", PASSWORDS)
    ana.refresh_from_db()
    assert ana.check_password(OTHER)
    assert logged() == [("user.password_changed", "vera", f"user:{ana.pk}", "ana")]


@pytest.mark.parametrize("path", ["/accounts/password/", "/admin/password_change/"])
def test_ones_own_password_is_logged_at_each_page_that_changes_it(as_vera, path):
    vera = User.objects.get(username="vera")
    fields = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    as_vera.post(path, fields)
    vera.refresh_from_db()
    told = [("account.password_changed", "vera", f"user:{vera.pk}", "vera")]
    assert logged() == (told if vera.check_password(OTHER) else [])


def test_a_command_that_sets_a_password_is_logged(ana, monkeypatch):
    asked = iter([OTHER, OTHER])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(asked))
    monkeypatch.setattr(sys, "argv", ["manage.py", "changepassword", "ana"])
    call_command("changepassword", "ana", stdout=io.StringIO())
    told = ("user.password_changed", "system:changepassword", f"user:{ana.pk}", "ana")
    assert logged() == [told]


def test_a_superuser_that_is_made_is_logged():
    root = User.objects.create_superuser("root", password=OTHER)
    ((action, actor, name, reason),) = logged()
    assert (action, name) == ("user.added", f"user:{root.pk}")
    assert reason == "new → root: active; superuser; staff; no groups"
    assert actor.startswith("system:")


def test_a_shell_that_sets_a_password_is_logged(ana):
    ana.set_password(OTHER)
    ana.save()
    assert [(action, name) for action, _, name, _ in logged()] == [
        ("user.password_changed", f"user:{ana.pk}")
    ]


def test_a_sign_in_is_no_change(client, ana):
    client.force_login(ana)
    assert User.objects.get(pk=ana.pk).last_login is not None
    assert logged() == []


def test_a_hash_that_is_made_anew_at_a_sign_in_is_no_change(ana):
    hash_as_before(ana)
    before = ana.password
    assert gets_in("ana")
    ana.refresh_from_db()
    assert ana.password != before
    assert ana.check_password(PASSWORD)
    assert logged() == []


def test_a_hash_that_is_set_in_place_of_another_is_a_change(ana):
    hash_as_before(ana)
    ana.password = make_password(OTHER)
    ana.save(update_fields=["password"])
    assert [action for action, *_ in logged()] == ["user.password_changed"]


def test_a_password_that_is_set_while_the_old_one_is_judged_stays(ana):
    hash_as_before(ana)
    late = User.objects.get(pk=ana.pk)
    ana.set_password(OTHER)
    ana.save()
    assert accounts.fits(None, late, PASSWORD)
    ana.refresh_from_db()
    assert ana.check_password(OTHER)


CHANGES = {
    "name": (lambda u: setattr(u, "username", "anna"), "anna: active; groups analyst"),
    "off": (lambda u: setattr(u, "is_active", False), "ana: switched off; groups analyst"),
    "staff": (lambda u: setattr(u, "is_staff", True), "ana: active; staff; groups analyst"),
    "superuser": (
        lambda u: setattr(u, "is_superuser", True),
        "ana: active; superuser; groups analyst",
    ),
    "mail": (
        lambda u: setattr(u, "email", "a@b.example"),
        "ana: active; groups analyst; mail a@b.example",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_field_that_matters_is_logged(ana, change):
    act, now = CHANGES[change]
    act(ana)
    ana.save()
    ((action, *_, reason),) = logged()
    assert reason == f"ana: active; groups analyst → {now}"
    called = {"name": "user.renamed", "off": "user.switched_off"}
    assert action == called.get(change, "user.roles_changed")


def test_who_is_switched_on_again_is_logged_as_that(ana):
    for is_active in (False, True):
        ana.is_active = is_active
        ana.save()
    assert [action for action, *_ in logged()] == ["user.switched_off", "user.switched_on"]


RELATIONS = {
    "set": lambda u, g: u.groups.set([g]),
    "add": lambda u, g: u.groups.add(g),
    "from the group": lambda u, g: g.user_set.add(u),
    "set by the group": lambda u, g: g.user_set.set([u]),
}


@pytest.mark.parametrize("way", RELATIONS)
def test_a_role_that_is_given_is_logged_from_either_side(ana, way):
    RELATIONS[way](ana, Group.objects.get(name="auditor"))
    ((action, _, name, reason),) = logged()
    assert (action, name) == ("user.roles_changed", f"user:{ana.pk}")
    assert reason.startswith("ana: active; groups analyst → ana: active; groups ")
    assert "auditor" in reason


@pytest.mark.parametrize("clear", [lambda u, g: u.groups.clear(), lambda u, g: g.user_set.clear()])
def test_a_role_that_is_taken_is_logged_from_either_side(ana, clear):
    clear(ana, Group.objects.get(name="analyst"))
    ((_, _, _, reason),) = logged()
    assert reason == "ana: active; groups analyst → ana: active; no groups"


def test_a_right_of_ones_own_is_logged_from_either_side(ana, ben):
    right = Permission.objects.get(codename="view_red")
    ana.user_permissions.add(right)
    right.user_set.add(ben)
    assert [reason.rpartition("; ")[2] for *_, reason in logged()] == ["permissions view_red"] * 2


def test_what_a_group_may_do_is_logged_from_either_side(db):
    right = Permission.objects.get(codename="view_red")
    Group.objects.get(name="analyst").permissions.add(right)
    right.group_set.remove(Group.objects.get(name="auditor"))
    assert [action for action, *_ in logged()] == ["group.permissions_changed"] * 2


def test_a_deletion_is_logged_with_what_it_was(ana, ben):
    User.objects.filter(pk__in=[ana.pk, ben.pk]).delete()
    assert sorted((action, reason) for action, *_, reason in logged()) == [
        ("user.deleted", "ana: active; groups analyst"),
        ("user.deleted", "ben: active; groups analyst"),
    ]


def test_a_group_that_is_deleted_is_logged_with_its_members(ana, ben):
    group = Group.objects.create(name="night shift")
    with transaction.atomic():
        group.user_set.set([ana, ben])
    group.delete()
    *_, (action, _, _, reason) = logged()
    assert (action, reason) == ("group.deleted", "night shift: nothing; members ana, ben")


def test_several_changes_of_one_transaction_are_one_entry_and_rows_may_be_written_after(ana):
    with transaction.atomic():
        ana.is_staff = True
        ana.save()
        ana.groups.set(Group.objects.filter(name="reviewer"))
        Throttle.objects.create(key="k", since="2022-04-01T00:00:00Z", count=1)
    assert [reason for *_, reason in logged()] == [
        "ana: active; groups analyst → ana: active; staff; groups reviewer"
    ]


def test_what_is_rolled_back_is_not_told(ana):
    with pytest.raises(KeyError), transaction.atomic():
        ana.is_staff = True
        ana.save()
        raise KeyError
    with transaction.atomic():
        sid = transaction.savepoint()
        ana.save()
        transaction.savepoint_rollback(sid)
    assert logged() == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_without_its_entry_there_is_no_change(ana, monkeypatch, error):
    def fail(*_, **__):
        raise error("the log cannot be written")

    monkeypatch.setattr("events.audit.chain._store", fail)
    ana.is_superuser = True
    with pytest.raises(error):
        ana.save()
    monkeypatch.undo()
    assert not connection.in_atomic_block and connection.get_autocommit()
    assert not User.objects.get(pk=ana.pk).is_superuser
    ana.save()
    assert [action for action, *_ in logged()] == ["user.roles_changed"]


def test_a_reason_that_is_too_long_stands_whole_beside_its_entry(ana):
    ana.groups.set([Group.objects.create(name=f"{'x' * 140}{number}") for number in range(20)])
    entry = AuditEntry.objects.get(action="user.roles_changed")
    text = AuditAttachment.objects.get(entry=entry).content
    assert text.startswith("ana: active; groups analyst → ") and text.endswith("x9")
    assert audit.verify().fault is None


def test_a_command_in_a_process_of_its_own_is_named(tmp_path):
    """`createsuperuser`, as the README has it, on a database of its own."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "STATE_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/own.sqlite3",
        "PLAIN_HTTP": "1",
        "DJANGO_SUPERUSER_PASSWORD": OTHER,
    }
    for command in (
        ["migrate", "--verbosity=0"],
        ["createsuperuser", "--noinput", "--username=root", "--email="],
    ):
        run = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
    export = subprocess.run(
        [sys.executable, "manage.py", "export_audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    bodies = [json.loads(json.loads(line)["body"]) for line in export.splitlines()]
    told = [(body["action"], body["actor"]) for body in bodies]
    assert ("user.added", "system:createsuperuser") in told


def test_nothing_goes_around_the_models():
    """`update` and the bulk verbs tell no signal: none of them is used on accounts or groups."""
    around = re.compile(
        r"(?:User|Group|user_set|groups)\b[^\n]*\.(?:update|bulk_create|bulk_update|raw)\("
        r"|(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?auth_"
    )
    found = [
        f"{path}: {line}"
        for folder in ("events", "webui")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if around.search(line)
    ]
    assert found == []
