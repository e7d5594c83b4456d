"""The event form: what a person types, read into the payload, and shown again with its faults."""

from events.forms.entry import EventEntry, Fields, blank_fields
from events.forms.faults import Fault
from events.forms.preview import Preview, pretty, preview

__all__ = ["EventEntry", "Fault", "Fields", "Preview", "blank_fields", "pretty", "preview"]
