"""A desk with one of each kind of person and of object, for the matrix of rights.

Every event is the owner's and was really sent to the sandbox, so that its entries, its answer and
its search terms are there too. A text that only some people may read holds a canary.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from events import services
from events.models import AuditEntry, EventTemplate, KnownValue, State, Submission
from events.payload import EventCreate, Indicator, Raw
from tests.conftest import PASSWORD, make_user
from tests.outbox.support import person
from tests.rights.addresses import takes_object

RED, RAW, DRAFT, OWN = "CANARYRED", "CANARYRAW", "CANARYDRAFT", "CANARYOWN"
# A word that stands beside each canary, to be searched for without naming it.
BESIDE = "besideword"
# Who may read each canary; nobody else, whatever the address and the method.
READERS = {
    RED: {"owner", "reviewer", "auditor"},
    RAW: {"owner", "reviewer", "auditor"},
    DRAFT: {"owner"},
    OWN: {"owner"},
}
STATES = {
    "ready": State.READY,
    "unknown": State.UNKNOWN,
    "absent": State.ABSENT,
    "rejected": State.REJECTED,
}
# Kind → the names of its objects.
NAMES = {
    "event": ("draft", "discarded", "created", *STATES, "red", "raw_red", "nowhere"),
    "template": ("own", "team", "nowhere"),
    "entry": ("green", "red", "red_frozen", "raw_red", "nobody"),
    "user": ("analyst", "superuser", "nobody"),
    "group": ("analyst", "nobody"),
    "known": ("value", "nobody"),
    "app": ("events", "auth"),
    "site": ("user",),
    "rest": ("nothing",),
}
# Who there is, by role; nobody is signed in as the stranger.
_ROLES = {
    "off": "analyst",
    "guest": "",
    "owner": "analyst",
    "other": "analyst",
    "reviewer": "reviewer",
    "auditor": "auditor",
    "administrator": "administrator",
}
PEOPLE = ("stranger", *_ROLES, "superuser")
NOWHERE = "7c1d7f0e-3a52-4c0b-9d6e-5f3b0a1c2d4e"
# Where somebody is told more than that: who deletes an account is shown what goes with it, and the
# log names what each entry is about.
TOLD = {
    ("superuser", "admin:auth_user_delete"): {OWN},
    ("superuser", "admin:auth_user_changelist"): {OWN},
}
LOG = "admin:events_auditentry_"


@dataclass
class World:
    """Who there is and what there is: `keys` has each object's key by kind and name."""

    people: dict[str, User] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    _cookies: dict[str, SimpleCookie] = field(default_factory=dict)

    def browser(self, who: str, **more: Any) -> Client:
        """A browser of `who` that is signed in since the world was made."""
        client = Client(raise_request_exception=False, **more)
        if who in self._cookies:
            client.cookies = SimpleCookie(self._cookies[who].output(header=""))
        return client

    def filled(self, text: str) -> str:
        """`text` with each `{kind[name]}` replaced by that object's key."""
        return text.format(**self.keys)

    @property
    def hidden(self) -> dict[str, set[str]]:
        """Keys that only some people may see, each with those people."""
        events = self.keys["event"]
        red = {events[name]: READERS[RED] for name in ("red", "raw_red")}
        return red | {events[name]: READERS[DRAFT] for name in ("draft", "discarded")}

    def sign_in(self, who: str, user: User) -> None:
        """Remember the cookies of a signed-in browser."""
        client = Client()
        client.force_login(user)
        self.people[who] = user
        self._cookies[who] = client.cookies


def build() -> World:
    """Make all of it. Needs a sandbox."""
    world = World()
    _people(world)
    owner = world.people["owner"]
    world.keys["event"] = _events(owner)
    world.keys["template"] = _templates(owner)
    world.keys["entry"] = _entries(world.keys["event"])
    world.keys["user"] = {
        "analyst": str(owner.pk),
        "superuser": str(world.people["superuser"].pk),
        "nobody": "987654321",
    }
    world.keys["group"] = {"analyst": str(Group.objects.get(name="analyst").pk), "nobody": "98765"}
    value = KnownValue.objects.create(match="domain", value="corp.example", level="block")
    world.keys["known"] = {"value": str(value.pk), "nobody": "987654321"}
    world.keys["app"] = {"events": "events", "auth": "auth"}
    content_type = ContentType.objects.get_for_model(User).pk
    world.keys["site"] = {"user": f"{content_type}"}
    world.keys["rest"] = {"nothing": "nothing-is-here"}
    # Switched off while signed in: the session is there still.
    User.objects.filter(pk=world.people["off"].pk).update(is_active=False)
    return world


def _people(world: World) -> None:
    for who, role in _ROLES.items():
        world.sign_in(who, make_user(who, role))
    world.sign_in("superuser", User.objects.create_superuser("superuser", password=PASSWORD))


def _events(owner: User) -> dict[str, str]:
    made = {name: _sent(owner, name) for name in ("created", *STATES)}
    made["red"] = _sent(owner, "red", canary=RED, tlp="red")
    made["raw_red"] = _sent(owner, "raw_red", raw_canary=RAW)
    for name, state in STATES.items():
        since = timezone.now() - timedelta(hours=1) if state == State.UNKNOWN else None
        Submission.objects.filter(pk=made[name].pk).update(state=state, unknown_since=since)
    made["draft"] = _draft(owner)
    made["discarded"] = _draft(owner)
    services.discard(person=person(owner), submission=made["discarded"])
    return {name: str(made[name].pk) for name in made} | {"nowhere": NOWHERE}


def _draft(owner: User) -> Submission:
    return services.save_draft(
        person=person(owner), token=uuid4(), typed=_typed(f"{DRAFT} {BESIDE}")
    )


def _typed(canary: str, **more: str) -> dict[str, Any]:
    """What a form held whose every text is the canary."""
    texts = dict.fromkeys(("event", "insight", "attacker", "tags", "raw_source"), canary)
    rows = [{"indicator_type": "domain", "value": "typed.example"}]
    return {"category": "Phishing", "tlp": "green", **texts, "indicators": rows} | more


def _sent(
    owner: User, name: str, *, canary: str = "", raw_canary: str = "", tlp: str = "green"
) -> Submission:
    text = f"{canary} {BESIDE}" if canary else f"What {name} says"
    payload = EventCreate.with_indicators(
        [Indicator(indicator_type="domain", value=indicator(name))],
        category="Phishing",
        date=timezone.now().replace(microsecond=0),
        event=text,
        insight=text,
        attacker=text,
        tags=(text,),
        tlp=tlp,
        raw=Raw(data={"said": raw_canary or text}, tlp="red" if raw_canary else None),
    )
    typed = _typed(text, tlp=tlp)
    if raw_canary:
        typed |= {"raw_data": f'{{"said": "{raw_canary}"}}', "raw_tlp": "red"}
    return services.send(
        person=person(owner), token=uuid4(), typed=typed, payload=payload, submission=None
    )


def indicator(name: str) -> str:
    """The indicator of the event `name`."""
    return f"{name.replace('_', '-')}.example"


def _templates(owner: User) -> dict[str, str]:
    def made(name: str, canary: str, whose: User | None) -> str:
        return str(
            EventTemplate.objects.create(
                name=name,
                owner=whose,
                saved_by=owner.username,
                saved_at=timezone.now(),
                typed=json.dumps({"event": canary}),
            ).pk
        )

    return {
        "own": made(OWN, OWN, owner),
        "team": made("Ours", "for all", None),
        "nowhere": NOWHERE,
    }


def _entries(events: dict[str, str]) -> dict[str, str]:
    def entry(action: str, event: str) -> str:
        found = AuditEntry.objects.filter(action=action, object_id=events[event])
        return str(found.values_list("pk", flat=True)[0])

    return {
        "green": entry("submission.created", "created"),
        "red": entry("submission.created", "red"),
        "red_frozen": entry("submission.frozen", "red"),
        "raw_red": entry("submission.created", "raw_red"),
        "nobody": "987654321",
    }


# The kind of object whose key an address holds, by how the page's name begins.
KINDS = {
    "event_": "event",
    "template_": "template",
    "admin:events_auditentry_": "entry",
    "admin/events/auditentry/": "entry",
    "admin:events_knownvalue_": "known",
    "admin/events/knownvalue/": "known",
    "admin:auth_user_": "user",
    "admin/auth/user/": "user",
    "admin:auth_group_": "group",
    "admin/auth/group/": "group",
    "admin:app_list": "app",
    "admin:view_on_site": "site",
    "admin/<url>": "rest",
}


def kind(page: str) -> str:
    """The kind of object in the address of `page`; empty without one.

    Raises `KeyError` for a page whose kind nobody named in `KINDS`.
    """
    if not takes_object(page):
        return ""
    for start, found in KINDS.items():
        if page.startswith(start):
            return found
    raise KeyError(f"{page}: name the kind of its object in KINDS of tests/rights/world.py")
