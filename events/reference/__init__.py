"""The reference lists: cached from the API with their age, with a built-in stand-in."""

from events.reference.lists import (
    DEFAULT_DATASET,
    Attacker,
    Category,
    Dataset,
    References,
    forget,
    load,
)
from events.reference.refresh import refresh

__all__ = [
    "DEFAULT_DATASET",
    "Attacker",
    "Category",
    "Dataset",
    "References",
    "forget",
    "load",
    "refresh",
]
