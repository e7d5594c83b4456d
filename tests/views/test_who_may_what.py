"""Roles against pages: who gets in, who is refused, who is sent to sign in."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from events.models import AuditEntry
from tests.conftest import PASSWORD

PAGES = {
    "/": {"ana": 200, "rita": 200, "otto": 200, "adam": 200},
    "/events/": {"ana": 200, "rita": 200, "otto": 200, "adam": 200},
    "/events/new/": {"ana": 200, "rita": 200, "otto": 403, "adam": 403},
    "/templates/": {"ana": 200, "rita": 200, "otto": 403, "adam": 200},
    "/accounts/preferences/": {"ana": 200, "rita": 200, "otto": 200, "adam": 200},
    "/admin/": {"ana": 403, "rita": 200, "otto": 200, "adam": 200},
    "/admin/events/auditentry/": {"ana": 403, "rita": 200, "otto": 200, "adam": 200},
    "/admin/auth/user/": {"ana": 403, "rita": 403, "otto": 403, "adam": 200},
}


@pytest.mark.parametrize("who", ["ana", "rita", "otto", "adam"])
@pytest.mark.parametrize("page", PAGES)
def test_each_role_opens_what_it_may(request, who, page):
    client = request.getfixturevalue(f"as_{who}")
    assert client.get(page, follow=True).status_code == PAGES[page][who]


@pytest.mark.parametrize("page", [*PAGES, "/events/00000000-0000-4000-8000-000000000000/"])
def test_strangers_are_sent_to_sign_in(db, client, page):
    answer = client.get(page, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_healthz_needs_no_sign_in_and_tells_nothing(db, client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "database", "migrations", "worker", "api", "audit"}
    assert all(len(words) < 50 for words in answer.json().values())


@pytest.mark.parametrize("page", ["/", "/events/new/", "/admin/", "/accounts/login/", "/nowhere"])
def test_every_page_has_a_strict_policy_and_is_not_stored(as_adam, page):
    answer = as_adam.get(page)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_signing_in_and_failing_to_are_logged(ana, client):
    client.post("/accounts/login/", {"username": "ana", "password": "wrong password here"})
    client.post("/accounts/login/", {"username": "ana", "password": PASSWORD})
    client.post("/accounts/logout/")
    rows = AuditEntry.objects.order_by("seq").values_list("action", "actor", "outcome")
    assert list(rows) == [
        ("session.sign_in_failed", "ana", "failed"),
        ("session.signed_in", "ana", "ok"),
        ("session.signed_out", "ana", "ok"),
    ]
    assert "wrong password here" not in "".join(AuditEntry.objects.values_list("body", flat=True))


def test_a_name_that_nobody_has_is_not_logged_for_it_may_be_a_password(db, client):
    client.post("/accounts/login/", {"username": "hunter2-hunter2", "password": "x"})
    assert "hunter2" not in AuditEntry.objects.get().body


def test_guessing_locks_the_account_even_for_the_right_password(ana, client):
    for _ in range(10):
        client.post("/accounts/login/", {"username": "ana", "password": "guess"})
    answer = client.post("/accounts/login/", {"username": "ana", "password": PASSWORD})
    assert "Too many failed attempts" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_admin_has_no_sign_in_of_its_own(db, client):
    answer = client.get("/admin/login/?next=/admin/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login"))


def test_a_user_who_is_switched_off_is_out_at_the_next_request(as_ana, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert as_ana.get("/").status_code == 302


def test_a_spoofed_address_does_not_reach_the_log(ana, client):
    client.post(
        "/accounts/login/",
        {"username": "ana", "password": "x"},
        headers={"X-Forwarded-For": "198.51.100.99"},
    )
    assert "198.51.100.99" not in AuditEntry.objects.get().body


def test_a_spoofed_scheme_is_not_believed(db, client):
    answer = client.get("/accounts/login/", headers={"X-Forwarded-Proto": "https"})
    assert not answer.wsgi_request.is_secure()


@pytest.mark.parametrize("password", ["fourteen-chars", "123456789012345678"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password)


def test_every_post_is_checked_for_csrf_and_the_text_is_given_back(ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post("/events/new/", {"form_token": "x", "event": "MY LOST TEXT"})
    assert answer.status_code == 403
    assert "MY LOST TEXT" in answer.content.decode()
