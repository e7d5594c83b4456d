"""The control that must fail: a search that compares texts before it reads the mark."""

from collections.abc import Iterable, Mapping
from typing import Any

from events.models import Submission
from events.outbox import search
from events.outbox.api import Api


class _Texts(search._Marks):
    """Only events whose text is the one that was sent are candidates; others count as others'."""

    def __init__(
        self, submission: Submission, api: Api, wire: dict[str, Any], events: Mapping[str, Any]
    ) -> None:
        alike = {
            uuid: event for uuid, event in events.items() if event.get("event") == wire["event"]
        }
        super().__init__(submission, api, wire, alike)

    def are_others(self, events: Iterable[str], *, marks_are_read: bool) -> bool:
        return True


def compare_texts() -> None:
    """From now on in this process."""
    search._Marks = _Texts
