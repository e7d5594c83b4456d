"""Fixtures of the checks' tests."""

import pytest
from django.core.cache import cache

from events import reference, services


@pytest.fixture(autouse=True)
def _own_urls(settings):
    settings.ROOT_URLCONF = "tests.vetting.urls"
    cache.clear()


@pytest.fixture
def lists(db, sandbox):
    """The API's lists, fetched from the sandbox."""
    reference.refresh(services.client())
    return reference.load()
