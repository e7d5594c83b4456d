"""Demo accounts, whose password others know, are for the sandbox alone."""

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from events.models import Account
from tests.accounts.support import gets_in, try_in
from tests.conftest import PASSWORD, make_user

LATER = timedelta(minutes=10)
NAMES = {"analyst", "reviewer", "auditor", "admin"}


@pytest.fixture
def demo(db, monkeypatch):
    """The demo accounts, as `make run` makes them."""
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    call_command("demo_data")


@pytest.fixture
def go_live(settings):
    """From here on events go to Cloudflare."""

    def go():
        settings.CLOUDFLARE = replace(settings.CLOUDFLARE, sandbox=False)

    return go


@pytest.mark.parametrize("name", sorted(NAMES))
def test_they_sign_in_on_the_sandbox_and_none_is_a_superuser(demo, name):
    assert gets_in(name)
    user = User.objects.get(username=name)
    assert not (user.is_superuser or user.is_staff)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_they_do_not_sign_in_where_events_go_to_cloudflare(demo, go_live, name):
    go_live()
    assert not gets_in(name)
    assert "Name or password is wrong" in try_in(name, PASSWORD).content.decode()


def test_their_sessions_end_when_the_desk_goes_live(demo, go_live):
    client = Client()
    assert gets_in("admin", client=client)
    assert client.get("/admin/").status_code == 200
    go_live()
    assert client.get("/admin/").status_code == 302


def test_everybody_else_signs_in_there(demo, go_live):
    make_user("vera", "administrator")
    go_live()
    assert gets_in("vera")


def test_a_new_password_makes_no_other_account_of_it(demo, go_live):
    user = User.objects.get(username="admin")
    user.set_password(PASSWORD * 2)
    user.save()
    go_live()
    assert not gets_in("admin", PASSWORD * 2)


def test_the_start_names_them_and_says_what_to_do(demo, go_live):
    call_command("check", databases=["default"])
    go_live()
    with pytest.raises(SystemCheckError, match=r"E003.* admin, analyst, auditor, reviewer"):
        call_command("check", databases=["default"])
    call_command("demo_data", "--switch-off")
    call_command("check", databases=["default"])
    assert not User.objects.filter(username__in=NAMES, is_active=True).exists()


def test_none_are_made_there(db, go_live):
    go_live()
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("demo_data")
    assert not User.objects.exists()


def migrated():
    """The names of those that the migration takes for demo accounts."""
    Account.objects.all().delete()
    import_module("events.migrations.0008_accounts").fill(apps, None)
    return set(Account.objects.filter(is_demo=True).values_list("name", flat=True))


def test_those_of_earlier_versions_are_marked_by_the_migration(demo):
    make_user("vera", "administrator")
    assert migrated() == NAMES
    assert Account.objects.filter(name="vera", is_demo=False).exists()


@pytest.mark.parametrize("gone", sorted(NAMES))
def test_those_that_are_left_of_the_four_are_marked(demo, monkeypatch, gone):
    monkeypatch.delenv("DEMO_PASSWORD")
    User.objects.get(username=gone).delete()
    assert migrated() == NAMES - {gone}


@pytest.mark.parametrize("kept_in", ["DEMO_PASSWORD", "demo_password"])
def test_one_that_is_alone_is_marked_by_the_password_that_is_known(
    demo, monkeypatch, settings, tmp_path, kept_in
):
    User.objects.exclude(username="admin").delete()
    if kept_in == "demo_password":
        monkeypatch.delenv("DEMO_PASSWORD")
        settings.STATE_DIR = tmp_path
        (tmp_path / kept_in).write_text(PASSWORD)
    assert migrated() == {"admin"}


def test_a_person_who_is_called_so_is_told_of_and_not_marked(db, monkeypatch, capsys):
    monkeypatch.setenv("DEMO_PASSWORD", "another " + PASSWORD)
    make_user("admin", "administrator")
    reviewer = make_user("reviewer", "reviewer")
    User.objects.filter(pk=reviewer.pk).update(date_joined=reviewer.date_joined + LATER)
    assert migrated() == set()
    told = capsys.readouterr().err
    assert "'admin' is called like a demo account" in told and "'reviewer'" in told


def test_the_migration_keeps_the_older_of_two_spellings(db, capsys):
    older, newer = make_user("older"), make_user("newer")
    Account.objects.all().delete()
    User.objects.filter(pk=older.pk).update(username="Ana")
    User.objects.filter(pk=newer.pk).update(username="ana")
    import_module("events.migrations.0008_accounts").fill(apps, None)
    assert Account.objects.get().user == older
    assert "'ana' cannot sign in" in capsys.readouterr().err
