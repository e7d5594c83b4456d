"""Indicators of compromise: found in any text, refanged, normalised, checked. No Django, no I/O."""

from events.indicators.detect import detect
from events.indicators.extract import extract
from events.indicators.kinds import KINDS, Extraction, Kind, Row, api_type, label
from events.indicators.normalise import normalise
from events.indicators.notices import Notice, host_of, warnings_for
from events.indicators.refang import defang, refang

__all__ = [
    "KINDS",
    "Extraction",
    "Kind",
    "Notice",
    "Row",
    "api_type",
    "defang",
    "detect",
    "extract",
    "host_of",
    "label",
    "normalise",
    "refang",
    "warnings_for",
]
