"""What administrators see and change of an account, and of their own."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User

from tests.conftest import make_user

USERS = "/admin/auth/user/"
REFUSED = "You cannot switch off your own account, or take your own role away"


def fields_of(user, **more):
    groups = [group.pk for group in user.groups.all()]
    return {"username": user.username, "is_active": "on", "groups": groups, **more}


def change(client, user, **more):
    fields = fields_of(user, **more)
    answer = client.post(
        f"{USERS}{user.pk}/change/", {name: each for name, each in fields.items() if each}
    )
    user.refresh_from_db()
    return answer


def test_when_an_account_was_made_and_used_is_not_for_people_to_write(as_vera, ana):
    User.objects.filter(pk=ana.pk).update(last_login=datetime(2026, 11, 1, tzinfo=UTC))
    ana.refresh_from_db()
    before = (ana.last_login, ana.date_joined)
    moments = {"last_login": "2020-01-01", "date_joined": "2020-01-01"}
    parts = {f"{name}_0": day for name, day in moments.items()}
    parts |= {f"{name}_1": "00:00:00" for name in moments}
    change(as_vera, ana, first_name="Ana", **parts)
    assert ana.first_name == "Ana"
    assert (ana.last_login, ana.date_joined) == before


@pytest.mark.parametrize("less", [{"is_active": ""}, {"groups": []}])
def test_nobody_switches_off_or_demotes_themselves(as_vera, less):
    vera = User.objects.get(username="vera")
    answer = change(as_vera, vera, **less)
    assert REFUSED in answer.content.decode()
    assert vera.is_active
    assert vera.has_perm("auth.change_user")


def test_a_superuser_may_not_be_left_without_anything_either(as_sara, sara):
    answer = change(as_sara, sara, is_superuser="")
    assert REFUSED in answer.content.decode()
    assert sara.is_superuser


def test_ones_own_account_can_be_changed_in_other_ways(as_vera):
    vera = User.objects.get(username="vera")
    more = Group.objects.get(name="reviewer").pk
    groups = [*vera.groups.values_list("pk", flat=True), more]
    change(as_vera, vera, groups=groups)
    assert vera.groups.count() == 2


@pytest.mark.parametrize("less", [{"is_active": ""}, {"groups": []}])
def test_another_one_is_switched_off_or_demoted(as_vera, less):
    wim = make_user("wim", "administrator")
    change(as_vera, wim, **less)
    assert not wim.has_perm("auth.change_user")


def test_nobody_deletes_the_own_account(as_sara, sara):
    """Superusers can delete accounts, and could be the last of them."""
    assert as_sara.post(f"{USERS}{sara.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": sara.pk, "post": "yes"}
    as_sara.post(USERS, chosen)
    assert User.objects.filter(pk=sara.pk).exists()


def test_the_list_tells_roles_and_who_is_switched_off(as_vera, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    page = as_vera.get(USERS).content.decode()
    row = page.split(f"{USERS}{ana.pk}/change/")[1].split("</tr>")[0]
    assert "analyst" in row
    assert 'alt="False"' in row


def test_the_page_of_an_account_shows_nothing_of_the_hash(as_vera, ana):
    page = as_vera.get(f"{USERS}{ana.pk}/change/").content.decode()
    assert "A password is set." in page
    assert "salt" not in page
    assert "Staff status" not in page
