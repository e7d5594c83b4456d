"""What is a person's own: the home page, completions and filters show nobody else's, not even what
they may see; and nobody becomes somebody else's by fields that the form does not have.
"""

import json

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from events.models import AuditEntry, State
from tests.conftest import PASSWORD
from tests.forms.support import EXAMPLE, rows
from tests.rights import sweep, world
from tests.vetting.support import sent

NEW = "/events/new/"
CANARY = "canary-of-somebody-else"
# Fields that a form of ours never holds, by what an attacker would hope for.
EXTRA = {
    "author": "{other}",
    "author_id": "{other}",
    "author_name": "other",
    "owner": "{other}",
    "owner_id": "",
    "user": "{other}",
    "id": "00000000-0000-4000-8000-000000000001",
    "pk": "00000000-0000-4000-8000-000000000001",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "event_uuid": "00000000-0000-4000-8000-000000000001",
    "state": "created",
    "body": "{{}}",
    "body_sha256": "0" * 64,
    "attempt": "7",
    "negatives": "7",
    "found": '["x"]',
    "created_at": "2001-01-01T00:00:00Z",
    "corrects": "00000000-0000-4000-8000-000000000001",
    "answer": "[1]",
    "outcome": "[1]",
    "saved_by": "other",
    "added_by": "{other}",
    "revision": "1",
    "is_superuser": "on",
    "is_staff": "on",
    "last_login_0": "2001-01-01",
    "last_login_1": "00:00:00",
    "password": "pbkdf2_sha256$1$x$x",
    "user_permissions": "{red}",
    "permissions": "{red}",
    "is_demo": "on",
    "email_verified": "on",
}
# Columns that differ between two presses of the same button anyway.
_VOLATILE = {"date_joined", "last_login", "updated_at", "created_at", "saved_at", "spent_at"}
_VOLATILE |= {"revision", "password", "action_time", "next_at", "lease_until", "sweep_at"}
_COUNTED = {"id", "object_id", "user_id"}
# What the API or chance says is another one each time, and never what was posted.
_MADE_THERE = {"event_uuid", "answer", "outcome", "id"}
_EVIDENCE = ("Audit", "LogEntry", "Session", "Throttle", "UserSession")
PRESSES = [
    ("owner", "event_new", "save"),
    ("owner", "event_new", "send"),
    ("owner", "event_new", "template"),
    ("owner", "event_edit", "save"),
    ("owner", "event_edit", "send"),
    ("owner", "event_discard", "-"),
    ("owner", "template_rename", "rename"),
    ("owner", "preferences", "save"),
    ("owner", "password_change", "right"),
    ("reviewer", "event_new", "team"),
    ("administrator", "admin:events_knownvalue_add", "add"),
    ("administrator", "admin:events_knownvalue_change", "change"),
    ("administrator", "admin:auth_user_add", "add"),
    ("administrator", "admin:auth_user_change", "change"),
]
OBJECTS = {"event": "draft", "template": "own", "known": "value", "user": "analyst", "": "-"}


def test_the_home_page_is_ones_own(as_ana, ana, ben):
    for state in State.values:
        sent(ben, f"{state}.example", state=state, event=f"{CANARY} {state}")
    sent(ana, "mine.example", state=State.CREATED, event="This one is mine")
    page = as_ana.get("/").content.decode()
    assert "This one is mine" in page
    assert CANARY not in page


def test_the_filter_for_ones_own_leaves_out_what_one_may_see(as_ana, ana, ben):
    sent(ben, "bens.example", event=CANARY)
    sent(ana, "mine.example", event="This one is mine")
    every = as_ana.get("/events/").content.decode()
    assert CANARY in every and "This one is mine" in every
    mine = as_ana.get("/events/?mine=1").content.decode()
    assert CANARY not in mine and "This one is mine" in mine


def test_completions_are_ones_own(as_ana, as_rita, ben):
    """Values that somebody chose tell what they are at, even where others may see the event."""
    fields = EXAMPLE | rows(("domain", "x.example")) | {"action": "save"}
    for state in (State.DRAFT, State.CREATED):
        typed = json.dumps({"attacker": CANARY, "tags": CANARY, "category": CANARY})
        sent(ben, "bens.example", state=state, typed=typed)
    mine = fields | {"form_token": "2d1f9c1e-6f4b-4d0e-9d5a-0d8f6f4a1c12", "attacker": "My Yeti"}
    as_ana.post(NEW, mine)
    for client in (as_ana, as_rita):
        for part in ("recent", "attackers", "tags"):
            told = client.get(NEW, headers={"X-Part": part})
            assert told.status_code == 200
            assert CANARY not in told.content.decode()
    assert as_ana.get(NEW, headers={"X-Part": "recent"}).json()["attacker"] == ["My Yeti"]


@pytest.fixture
def built(db, sandbox):
    return world.build()


@pytest.mark.parametrize(("who", "page", "asked"), PRESSES)
def test_fields_that_the_form_does_not_have_change_nothing(built, who, page, asked):
    kind = world.kind(page)
    key = built.keys[kind][OBJECTS[kind]] if kind else ""
    question = sweep.Question("POST", page, asked, key)
    plain = _pressed(built, who, question, {})
    given = {
        "other": str(built.people["other"].pk),
        "red": str(Permission.objects.get(codename="view_red").pk),
    }
    extra = {name: text.format(**given) for name, text in EXTRA.items()}
    assert plain[0] == 302 or asked in {"template", "team"}
    assert _pressed(built, who, question, extra) == plain


def _pressed(built, who, question, extra):
    """The status, and every row of every table afterwards, besides evidence; then all is undone."""
    fields = extra | sweep.fields_of(built, question)
    with sweep.undone():
        status = sweep.send(built.browser(who), question, fields).status_code
        return status, _rows()


def _rows():
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if not model.__name__.startswith(_EVIDENCE)
    ]
    return {model.__name__: sorted(map(_row, model._default_manager.values())) for model in models}


def _row(values):
    return repr(
        [
            (name, value if name not in _MADE_THERE else str(value) == EXTRA[name])
            for name, value in values.items()
            if not _is_volatile(name, value)
        ]
    )


def _is_volatile(name, value):
    # Numbers that count up go on counting when a transaction is taken back.
    return name in _VOLATILE or (name in _COUNTED and isinstance(value, int))


def test_an_administrator_gives_no_right_that_no_role_gives(as_adam, ana):
    group = Group.objects.get(name="reviewer")
    before = set(group.permissions.values_list("codename", flat=True))
    every = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    fields = {"name": "reviewer", "permissions": every}
    as_adam.post(f"/admin/auth/group/{group.pk}/change/", fields)
    as_adam.post("/admin/auth/group/add/", fields | {"name": "everything"})
    assert set(group.permissions.values_list("codename", flat=True)) == before
    assert not Group.objects.filter(name="everything").exists()


def test_whoever_is_refused_is_in_the_log(as_otto):
    """With who, what they wanted, and that it was denied."""
    assert as_otto.get(NEW).status_code == 403
    entry = AuditEntry.objects.get(action="access.denied")
    assert (entry.actor, entry.outcome) == ("otto", "denied")
    assert f"GET {NEW}" in entry.body


def test_an_administrator_keeps_accounts(as_adam, client):
    """Adds one, gives it a role and a password, and switches it off: no superuser is needed."""
    new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    added = as_adam.post("/admin/auth/user/add/", {"username": "nina"} | new)
    place = added["Location"]
    roles = [Group.objects.get(name="analyst").pk]
    fields = {"username": "nina", "groups": roles, "is_active": "on"}
    fields |= {"date_joined_0": "2026-11-23", "date_joined_1": "12:00:00"}
    assert as_adam.post(place, fields).status_code == 302
    sign_in = {"username": "nina", "password": PASSWORD}
    assert client.post("/accounts/login/", sign_in).status_code == 302
    assert client.get(NEW).status_code == 200
    del fields["is_active"]
    assert as_adam.post(place, fields).status_code == 302
    assert client.get(NEW).status_code == 302
