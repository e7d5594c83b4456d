"""A loopback stand-in for the Threat Events API: trial, training, tests, judge of what arrived.

Needs no Django and no database: `with Sandbox() as sandbox: …`, or `python -m events.sandbox`.
"""

from events.sandbox.actors import ACTORS, Actor
from events.sandbox.behaviours import BEHAVIOURS, OPERATIONS, Behaviour
from events.sandbox.catalog import (
    ATTACKERS,
    CATEGORIES,
    INDICATOR_TYPE_IDS,
    INDUSTRIES,
    TAGS,
)
from events.sandbox.datasets import DATASETS, DEFAULT_DATASET, Dataset
from events.sandbox.desk import Settings
from events.sandbox.ledger import Attempt, HeldEvent, Ledger, Tally
from events.sandbox.messages import Request
from events.sandbox.sandbox import Sandbox

__all__ = [
    "ACTORS",
    "ATTACKERS",
    "BEHAVIOURS",
    "CATEGORIES",
    "DATASETS",
    "DEFAULT_DATASET",
    "INDICATOR_TYPE_IDS",
    "INDUSTRIES",
    "OPERATIONS",
    "TAGS",
    "Actor",
    "Attempt",
    "Behaviour",
    "Dataset",
    "HeldEvent",
    "Ledger",
    "Request",
    "Sandbox",
    "Settings",
    "Tally",
]
