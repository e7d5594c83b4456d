"""A new password is hard to guess and not the old one, on whatever path it is set."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from tests.conftest import PASSWORD, make_user

GOOD = "blue kettle sings at noon"
GUESSED = (
    *("passwordpassword", "a" * 15, "Password1234567", "qwertyuiopasdfgh", " " * 15),
    *("analystanalyst1", "analyst analyst analyst", "abcabcabcabcabcabc", "P@ssw0rdP@ssw0rd"),
    *("bellweatherjordan", "eventdeskeventdesk", "x" * 500),
)


def problems(password, user=None):
    try:
        validate_password(password, user)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@pytest.mark.parametrize("password", GUESSED)
def test_what_is_guessed_early_is_refused_and_the_message_says_what_to_write(password):
    user = User(username="analyst", first_name="Jordan", last_name="Bellweather")
    said = problems(password, user)
    assert "This password can be guessed." in said
    assert "Write four words or more" in said


@pytest.mark.parametrize("password", [GOOD, PASSWORD, "Zm9vYmFyYmF6cXV4MTIz", GOOD * 20])
def test_what_is_hard_to_guess_is_taken(password):
    assert problems(password, User(username="analyst")) == ""


def test_the_old_password_is_not_a_new_one(as_ana, ana):
    both = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    answer = as_ana.post("/accounts/password/", {"old_password": PASSWORD, **both})
    assert "This is the old password. Write another one." in answer.content.decode()
    before = ana.password
    ana.refresh_from_db()
    assert ana.password == before


def test_the_page_of_the_own_password_refuses_what_is_guessed(as_ana):
    both = dict.fromkeys(("new_password1", "new_password2"), "passwordpassword")
    answer = as_ana.post("/accounts/password/", {"old_password": PASSWORD, **both})
    assert "This password can be guessed." in answer.content.decode()


def test_administrators_cannot_give_one_that_is_guessed(as_vera):
    ana = make_user("ana", "analyst")
    for path, more in (("add/", {"username": "nora"}), (f"{ana.pk}/password/", {})):
        both = dict.fromkeys(("password1", "password2"), "passwordpassword")
        fields = {**both, "usable_password": "true", **more}
        answer = as_vera.post(f"/admin/auth/user/{path}", fields)
        assert "This password can be guessed." in answer.content.decode()
    assert not User.objects.filter(username="nora").exists()


@pytest.mark.django_db
def test_commands_refuse_what_is_guessed(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "passwordpassword")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "passwordpassword")
    with pytest.raises(CommandError, match="can be guessed"):
        call_command("demo_data")
    with pytest.raises(CommandError, match="can be guessed"):
        call_command("createsuperuser", "--noinput", "--username", "nora")
