"""What stands between somebody who guesses and an account, and when a sign-in ends."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import Client

from tests.conftest import PASSWORD
from tests.outbox.support import pass_time

SIGN_IN = "/accounts/login/"
ELSEWHERE = "198.51.100.7"


def tries(client, name, password, address="192.0.2.1"):
    """Whether these words sign in from `address`."""
    fields = {"username": name, "password": password}
    return client.post(SIGN_IN, fields, REMOTE_ADDR=address).status_code == 302


def session_ages(**amount):
    """Let the sessions of all be that much older."""
    back = timedelta(**amount)
    UserSession.objects.update(
        created_at=F("created_at") - back, last_seen_at=F("last_seen_at") - back
    )


def test_one_address_does_not_try_many_accounts_without_end(ana):
    for number in range(150):
        assert not tries(Client(), f"somebody-{number}", "guess")
    assert not tries(Client(), "ana", PASSWORD), "The 151st try of one address was judged."
    assert tries(Client(), "ana", PASSWORD, ELSEWHERE), "A stranger kept Ana out."


def test_one_address_does_not_try_one_account_without_end(ana):
    for _ in range(30):
        tries(Client(), "ana", "guess")
    assert not tries(Client(), "ana", PASSWORD)


def test_who_has_to_wait_may_try_again_the_next_day(ana):
    for _ in range(30):
        tries(Client(), "ana", "guess")
    pass_time(days=1, minutes=1)
    assert tries(Client(), "ana", PASSWORD)


def test_a_sign_in_ends_after_twelve_hours_by_itself(ana, client):
    assert tries(client, "ana", PASSWORD)
    for _ in range(3 * 12 - 1):
        session_ages(minutes=20)
        assert client.get("/").status_code == 200
    session_ages(minutes=21)
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("hours", [13, 24 * 15])
def test_a_browser_that_forgets_no_cookie_is_signed_out_all_the_same(ana, client, hours):
    """The server ends it, not the browser's good will."""
    assert tries(client, "ana", PASSWORD)
    kept = client.cookies["sessionid"].value
    other = Client()
    other.cookies["sessionid"] = kept
    session_ages(hours=hours)
    assert other.get("/").status_code == 302


def test_signing_in_takes_another_session_than_the_one_before(ana, client):
    session = client.session
    session["planted"] = "yes"
    session.save()
    planted = session.session_key
    assert tries(client, "ana", PASSWORD)
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/").status_code == 302


def test_signing_out_ends_the_session_and_not_only_the_cookie(ana, client):
    assert tries(client, "ana", PASSWORD)
    kept = client.cookies["sessionid"].value
    client.post("/accounts/logout/")
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert thief.get("/").status_code == 302


def test_looking_at_the_sign_out_page_signs_nobody_out(as_ana):
    as_ana.get("/accounts/logout/")
    assert as_ana.get("/").status_code == 200


def test_another_password_ends_every_other_session(ana, client):
    stolen = Client()
    assert tries(stolen, "ana", PASSWORD)
    assert tries(client, "ana", PASSWORD)
    new = "quite another long pass phrase"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    client.post("/accounts/password/", fields)
    assert client.get("/").status_code == 200
    assert stolen.get("/").status_code == 302


def test_a_password_is_changed_by_who_knows_the_old_one(as_ana, ana):
    new = "quite another long pass phrase"
    fields = {"old_password": "guess", "new_password1": new, "new_password2": new}
    as_ana.post("/accounts/password/", fields)
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)


def test_who_is_switched_off_cannot_sign_in(ana, client):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert not tries(client, "ana", PASSWORD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("fourteen-chars", "password_too_short"),
        ("934857203948572034", "password_entirely_numeric"),
        # Each of these is long enough, and on the list of passwords that many people have.
        ("1q2w3e4r5t6y7u8i", "password_too_common"),
        ("1qaz2wsx3edc4rfv", "password_too_common"),
        ("anastasia.lovelace", "password_too_similar"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password, why):
    person = User(username="anastasia.lovelace")
    with pytest.raises(ValidationError) as refusal:
        validate_password(password, person)
    assert why in {each.code for each in refusal.value.error_list}


WEAK = "1qaz2wsx3edc4rfv"


def test_a_weak_password_is_refused_wherever_one_is_set(as_ana, as_adam, ana):
    own = {"old_password": PASSWORD, "new_password1": WEAK, "new_password2": WEAK}
    as_ana.post("/accounts/password/", own)
    others = {"password1": WEAK, "password2": WEAK, "usable_password": "true"}
    as_adam.post(f"/admin/auth/user/{ana.pk}/password/", others)
    as_adam.post("/admin/auth/user/add/", {"username": "nina"} | others)
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)
    assert not User.objects.filter(username="nina").exists()


def test_passwords_are_hashed_slowly(settings):
    """The tests' own settings put a quick hash first."""
    (*_, real) = settings.PASSWORD_HASHERS
    settings.PASSWORD_HASHERS = [real]
    made = User(username="nina")
    made.set_password(PASSWORD)
    hasher = identify_hasher(made.password)
    assert hasher.algorithm == "argon2"
    assert hasher.memory_cost >= 19 * 1024 and hasher.time_cost >= 2
