"""An outage in simulated time: `make bench` has a whole day of it, and five hundred waiting."""

import pytest

from tests.bench import outage

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_outage_costs_neither_a_storm_nor_the_searches(ana):
    figures = outage.simulate(ana, waiting=40, unknown=6, hours=2.0)
    assert outage.missed(figures) == []
    assert figures.states == {"created": 1 + 40 + 3, "absent": 3}


def test_without_a_breaker_every_event_that_waits_is_tried_again_and_again(ana):
    """The control: the bounds are not kept by themselves."""
    figures = outage.simulate(ana, waiting=40, unknown=0, hours=0.25, breaker=outage.NO_BREAKER)
    assert figures.rate_in_outage > outage.PROBES_MOST
