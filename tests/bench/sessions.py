"""Sessions of analysts: `python -m tests.bench.sessions COUNT` in the database that is set."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")


def make(count: int) -> list[str]:
    """As many signed-in people, each by the key of their session."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore

    keys = []
    for number in range(count):
        user = User.objects.create(username=f"analyst{number}")
        user.groups.set(Group.objects.filter(name="analyst"))
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        keys.append(str(session.session_key))
    return keys


if __name__ == "__main__":
    django.setup()
    print(" ".join(make(int(sys.argv[1]))))
