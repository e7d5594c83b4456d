"""Fixtures of the indicator tests."""

import time
from contextlib import contextmanager

import pytest


@pytest.fixture
def deadline():
    """A block that must not use more than so many seconds of this process's time."""

    @contextmanager
    def within(seconds):
        start = time.process_time()
        yield
        assert time.process_time() - start < seconds

    return within
