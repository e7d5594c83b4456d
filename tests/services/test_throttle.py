"""Counting repetition: nothing is lost between those who count at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from events.models import Throttle
from events.services import throttle

HOUR = timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_who_counts_at_once_loses_nothing():
    def hit(_):
        try:
            return throttle.hit("k", limit=30, window=HOUR)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        ends = list(threads.map(hit, range(40)))
    assert Throttle.objects.get().count == 40
    assert sum(end is not None for end in ends) == 10


def test_a_window_that_is_over_begins_anew(db):
    for _ in range(3):
        end = throttle.hit("k", limit=2, window=HOUR)
    assert end is not None
    Throttle.objects.update(since="2022-04-01T00:00:00Z")
    assert throttle.hit("k", limit=2, window=HOUR) is None
