"""Sessions of analysts: `python -m tests.bench.sessions COUNT` in the database that is set."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")


def make(count: int) -> list[str]:
    """As many signed-in people, each by the key of their session."""
    from django.contrib.auth.models import Group, User
    from django.test import Client

    keys = []
    for number in range(count):
        user = User.objects.create(username=f"analyst{number}")
        user.groups.set(Group.objects.filter(name="analyst"))
        client = Client()
        client.force_login(user)
        keys.append(str(client.session.session_key))
    return keys


if __name__ == "__main__":
    django.setup()
    print(" ".join(make(int(sys.argv[1]))))
