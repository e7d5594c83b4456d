"""Fixtures of the checks' tests."""

import pytest
from django.core.cache import cache

from events import reference, services
from events.vetting import known


@pytest.fixture(autouse=True)
def _own_urls(settings):
    settings.ROOT_URLCONF = "tests.vetting.urls"
    cache.clear()
    known.forget()
    yield
    known.forget()


@pytest.fixture
def lists(db, sandbox):
    """The API's lists, fetched from the sandbox."""
    reference.refresh(services.client())
    return reference.load()
