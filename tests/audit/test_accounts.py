"""/admin/auth/: who may do what is changed by people who may, and every change is in the log."""

import json

import pytest
from django.contrib.auth.models import Group, Permission, User

from events.models import AuditEntry
from tests.conftest import PASSWORD

USERS = "/admin/auth/user/"


def logged(action):
    """Object and reason of each entry with this action."""
    bodies = AuditEntry.objects.filter(action=action).values_list("object_id", "body")
    return [(name, json.loads(body)["reason"]) for name, body in bodies]


def form(user, **changes):
    """What the account's page would post."""
    fields = {
        "username": user.username,
        "first_name": "",
        "last_name": "",
        "email": "",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "date_joined_0": "2026-11-23",
        "date_joined_1": "12:00:00",
    }
    fields |= {
        name: "on" for name in ("is_active", "is_superuser", "is_staff") if getattr(user, name)
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def test_giving_a_group_is_logged_before_and_after(as_adam, ana):
    roles = [Group.objects.get(name=name).pk for name in ("analyst", "reviewer")]
    answer = as_adam.post(f"{USERS}{ana.pk}/change/", form(ana, groups=roles))
    assert answer.status_code == 302
    assert logged("user.roles_changed") == [
        (
            f"user:{ana.pk}",
            "ana: active; groups analyst → ana: active; groups analyst, reviewer",
        )
    ]
    entry = AuditEntry.objects.get(action="user.roles_changed")
    assert entry.actor == "adam" and entry.request_id


def test_switching_an_account_off_is_logged(as_adam, ana):
    as_adam.post(f"{USERS}{ana.pk}/change/", form(ana, is_active=None))
    ((_, reason),) = logged("user.switched_off")
    assert reason.endswith("→ ana: switched off; groups analyst")


def test_making_a_superuser_is_logged(as_sara, ana):
    as_sara.post(f"{USERS}{ana.pk}/change/", form(ana, is_superuser="on"))
    ((_, reason),) = logged("user.roles_changed")
    assert reason.endswith("→ ana: active; superuser; groups analyst")


def test_a_change_that_gives_nothing_is_not_a_change_of_roles(as_adam, ana):
    as_adam.post(f"{USERS}{ana.pk}/change/", form(ana, first_name="Ana"))
    ana.refresh_from_db()
    assert ana.first_name == "Ana" and logged("user.roles_changed") == []


def test_a_new_account_is_logged(as_adam):
    fields = {"username": "nina", "password1": PASSWORD, "password2": PASSWORD}
    as_adam.post(f"{USERS}add/", fields | {"usable_password": "true"})
    nina = User.objects.get(username="nina")
    assert logged("user.added") == [(f"user:{nina.pk}", "new → nina: active; no groups")]


def test_a_password_that_is_set_is_logged_without_it(as_adam, ana):
    other = "another long pass phrase"
    fields = {"password1": other, "password2": other, "usable_password": "true"}
    answer = as_adam.post(f"{USERS}{ana.pk}/password/", fields)
    assert answer.status_code == 302
    assert logged("user.password_changed") == [(f"user:{ana.pk}", "ana")]
    assert not any(other in body for body in AuditEntry.objects.values_list("body", flat=True))


def test_a_deleted_account_stays_in_the_log(as_sara, ana):
    as_sara.post(f"{USERS}{ana.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="ana").exists()
    assert logged("user.deleted") == [(f"user:{ana.pk}", "ana: active; groups analyst")]


@pytest.mark.django_db(transaction=True)
def test_several_deleted_accounts_stay_in_the_log(as_sara, ana, ben):
    chosen = {"action": "delete_selected", "_selected_action": [ana.pk, ben.pk], "post": "yes"}
    as_sara.post(USERS, chosen)
    assert {name for name, _ in logged("user.deleted")} == {f"user:{ana.pk}", f"user:{ben.pk}"}


def test_administrators_cannot_make_themselves_superusers(as_adam):
    adam = User.objects.get(username="adam")
    right = Permission.objects.get(codename="view_red").pk
    answer = as_adam.post(
        f"{USERS}{adam.pk}/change/",
        form(adam, is_superuser="on", is_staff="on", user_permissions=[right]),
    )
    adam.refresh_from_db()
    assert answer.status_code == 302
    assert not (adam.is_superuser or adam.is_staff or adam.user_permissions.exists())


def test_administrators_cannot_take_over_a_superusers_account(as_adam, sara):
    fields = {"password1": PASSWORD * 2, "password2": PASSWORD * 2, "usable_password": "true"}
    assert as_adam.post(f"{USERS}{sara.pk}/password/", fields).status_code == 403
    assert as_adam.post(f"{USERS}{sara.pk}/change/", form(sara, is_active=None)).status_code == 403
    sara.refresh_from_db()
    assert sara.is_active and sara.check_password(PASSWORD)


def test_what_a_group_may_do_is_logged(as_sara):
    group = Group.objects.get(name="auditor")
    keep = Permission.objects.get(codename="view_auditentry")
    answer = as_sara.post(
        f"/admin/auth/group/{group.pk}/change/", {"name": "auditor", "permissions": [keep.pk]}
    )
    assert answer.status_code == 302
    ((name, reason),) = logged("group.permissions_changed")
    assert name == f"group:{group.pk}"
    before, after = reason.split(" → ")
    assert "view_red" in before and after == "auditor: view_auditentry"


@pytest.mark.parametrize("person", ["as_ana", "as_rita", "as_otto"])
def test_accounts_are_for_administrators(person, request, ben):
    browser = request.getfixturevalue(person)
    assert browser.get(USERS, follow=True).status_code == 403
    assert browser.get(f"{USERS}{ben.pk}/change/", follow=True).status_code == 403
