"""Signing in as a browser does, from a chosen address."""

import json

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client

from events.models import AuditEntry
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"
HOME_ADDRESS = "198.51.100.7"
WRONG = "not the right password"
SLOWED = "Too many failed attempts"


def try_in(name, password=WRONG, *, client=None, address=HOME_ADDRESS, **more):
    """The answer to one attempt, by a browser that is new unless one is given."""
    fields = {"username": name, "password": password, **more}
    return (client or Client()).post(LOGIN, fields, REMOTE_ADDR=address)


def gets_in(name, password=PASSWORD, **more):
    """Whether the password opens a session."""
    client = more.pop("client", None) or Client()
    try_in(name, password, client=client, **more)
    return "_auth_user_id" in client.session


def entries(*actions):
    """Actor and reason of each entry with one of these actions, in order."""
    rows = AuditEntry.objects.filter(action__in=actions).order_by("seq")
    return [(row.actor, json.loads(row.body).get("reason", "")) for row in rows]


def hash_as_before(user):
    """Keep the password under a hash of a kind that is no longer the first choice."""
    user.password = make_password(PASSWORD, hasher="argon2")
    User.objects.filter(pk=user.pk).update(password=user.password)
