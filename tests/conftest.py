"""Fixtures that every area of the tests shares: the cast of people, the sandbox, the settings."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from events import audit, privileges, reference, services
from events.audit import seen
from events.outbox import gate
from events.sandbox import Sandbox
from tests.audit.support import flushable_tables
from tests.databases import roles

PASSWORD = "correct horse battery staple"


def pytest_configure() -> None:
    """Pages in tests name static files as they are, so that no collectstatic has to run first."""
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        # In memory, where Django's tests are otherwise, several threads cannot write: a table
        # that is in use is refused at once.
        name = str(Path(os.environ["STATE_DIR"]) / "test.sqlite3")
        database.setdefault("TEST", {})["NAME"] = name
    # Argon2 is right for people and slow on purpose; a test that is about it sets it back.
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]


@pytest.fixture(scope="session")
def _owner() -> Iterator[ExitStack]:
    """Everything is done by the role that owns the tables, until this is closed."""
    with ExitStack() as stack:
        stack.enter_context(privileges.as_owner())
        yield stack


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, _owner: ExitStack
) -> None:
    """The tests' database is made and migrated by its owner."""


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, _owner: ExitStack, django_db_blocker: object
) -> Iterator[None]:
    """From now on the tests are the application, whose role on PostgreSQL owns nothing.

    Threads of tests may have left a connection open: PostgreSQL would not drop the database.
    """
    _owner.close()
    if connection.vendor == "postgresql":
        roles.open_back_door(connection.settings_dict["NAME"])
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(roles.END_OTHERS)
        connection.close()
        connection.close_pool()


@pytest.fixture(scope="session", autouse=True)
def _flushable() -> Iterator[None]:
    """Tests with real transactions may empty the audit log's tables when they end."""
    with flushable_tables():
        yield


@pytest.fixture(autouse=True)
def _fresh_lists() -> Iterator[None]:
    """What one test fetched, or was told to wait for, is not there for the next."""
    reference.forget()
    gate.forget()
    seen.forget()
    yield
    reference.forget()
    gate.forget()
    seen.forget()


def unlogged() -> AbstractContextManager[object]:
    """Accounts that are made or changed inside were there before the log began."""
    return patch.object(audit, "append_at_end")


def make_user(name: str, *roles: str) -> User:
    """A user in the groups `roles`, with the tests' password."""
    with unlogged():
        user = User.objects.create_user(name, password=PASSWORD)
        user.groups.set(Group.objects.filter(name__in=roles))
    return user


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ana(db: None) -> User:
    """An analyst."""
    return make_user("ana", "analyst")


@pytest.fixture
def ben(db: None) -> User:
    """Another analyst."""
    return make_user("ben", "analyst")


@pytest.fixture
def rita(db: None) -> User:
    """A reviewer."""
    return make_user("rita", "reviewer")


@pytest.fixture
def otto(db: None) -> User:
    """An auditor."""
    return make_user("otto", "auditor")


@pytest.fixture
def adam(db: None) -> User:
    """An administrator, and no superuser."""
    return make_user("adam", "administrator")


@pytest.fixture
def sara(db: None) -> User:
    """A superuser of no group: for the few pages that nobody else has."""
    with unlogged():
        return User.objects.create_superuser("sara", password=PASSWORD)


@pytest.fixture
def as_ana(ana: User) -> Client:
    """Ana's browser."""
    return _client(ana)


@pytest.fixture
def as_ben(ben: User) -> Client:
    """Ben's browser."""
    return _client(ben)


@pytest.fixture
def as_rita(rita: User) -> Client:
    """Rita's browser."""
    return _client(rita)


@pytest.fixture
def as_otto(otto: User) -> Client:
    """Otto's browser."""
    return _client(otto)


@pytest.fixture
def as_adam(adam: User) -> Client:
    """Adam's browser."""
    return _client(adam)


@pytest.fixture
def as_sara(sara: User) -> Client:
    """Sara's browser."""
    return _client(sara)


@pytest.fixture
def api_at(settings: object) -> Iterator[object]:
    """Point the app at another API: `api_at(base_url)`."""

    def point(base_url: str, **changes: object) -> None:
        settings.CLOUDFLARE = replace(settings.CLOUDFLARE, base_url=base_url, **changes)
        services.client.cache_clear()

    yield point
    services.client.cache_clear()


@pytest.fixture
def sandbox(api_at: object) -> Iterator[Sandbox]:
    """The app's API: a sandbox on a free port, with its ledger to judge by."""
    with Sandbox() as sandbox:
        api_at(sandbox.base_url, deadline=1.0)
        yield sandbox
