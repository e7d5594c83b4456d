"""createsuperuser: the rules of passwords and names hold, the log says it, and no superuser."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.accounts.support import entries, gets_in
from tests.conftest import PASSWORD


def make(*options, password=PASSWORD, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", "--noinput", *options)


def test_it_makes_an_administrator_and_no_superuser(db, monkeypatch):
    make("--username=vera", monkeypatch=monkeypatch)
    vera = User.objects.get()
    assert not (vera.is_superuser or vera.is_staff)
    assert [group.name for group in vera.groups.all()] == ["administrator"]
    assert not vera.has_perm("events.view_red")
    assert gets_in("vera")


def test_it_makes_accounts_of_other_roles(db, monkeypatch):
    make("--username=ana", "--role=analyst", monkeypatch=monkeypatch)
    assert User.objects.get().has_perm("events.send_submission")


def test_it_is_logged(db, monkeypatch):
    make("--username=vera", monkeypatch=monkeypatch)
    ((actor, reason),) = entries("user.added")
    assert actor.startswith("system:")
    assert reason == "new → vera: active; groups administrator"


@pytest.mark.parametrize("password", ["", "a", "vera-vera-vera", "123456789012345678", "password"])
def test_it_takes_no_password_that_the_pages_refuse(db, monkeypatch, password):
    with pytest.raises(CommandError, match="DJANGO_SUPERUSER_PASSWORD"):
        make("--username=vera-vera-vera", password=password, monkeypatch=monkeypatch)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "an\u200ba", "x" * 151])
def test_it_takes_no_name_that_the_pages_refuse(db, monkeypatch, name):
    with pytest.raises(CommandError):
        make(f"--username={name}", monkeypatch=monkeypatch)
    assert not User.objects.exists()


def test_djangos_command_to_set_a_password_keeps_the_rules(ana, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda **_: "a")
    with pytest.raises(CommandError, match="Aborting password change"):
        call_command("changepassword", "ana")
