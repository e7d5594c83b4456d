"""What is sent: the frozen model of an event, its limits, TLP labels, countries, bytes."""

from events.payload.countries import BY_ALPHA2, COUNTRIES, Country
from events.payload.model import (
    BODY_MAX_BYTES,
    INDICATORS_MAX,
    NAME_MAX,
    TAGS_MAX,
    TEXT_MAX,
    VALUE_MAX,
    EventCreate,
    Indicator,
    Raw,
    Source,
    ValidationError,
    canonical_bytes,
    rfc3339,
    sha256,
)
from events.payload.problems import LABELS, Problem, problems
from events.payload.text import RAW_MAX_BYTES, parse_map, refuse_hostile
from events.payload.tlp import Tlp, has_red_data, label_of_wire, wire_values

__all__ = [
    "BODY_MAX_BYTES",
    "BY_ALPHA2",
    "COUNTRIES",
    "INDICATORS_MAX",
    "LABELS",
    "NAME_MAX",
    "RAW_MAX_BYTES",
    "TAGS_MAX",
    "TEXT_MAX",
    "VALUE_MAX",
    "Country",
    "EventCreate",
    "Indicator",
    "Problem",
    "Raw",
    "Source",
    "Tlp",
    "ValidationError",
    "canonical_bytes",
    "has_red_data",
    "label_of_wire",
    "parse_map",
    "problems",
    "refuse_hostile",
    "rfc3339",
    "sha256",
    "wire_values",
]
