"""TLP 2.0: the five labels, what FIRST says of each, and how strict each is.

Source: FIRST, Traffic Light Protocol version 2.0. For events the API takes any text; the texts sent
are those that it knows for indicators (see `wire_values`), and an operator can change them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Tlp(StrEnum):
    """A TLP 2.0 label, as forms post it and as the database stores it."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def label(self) -> str:
        """The label as FIRST writes it: `TLP:AMBER+STRICT`; never translated, never with spaces."""
        return f"TLP:{self.value.upper()}"

    @property
    def slug(self) -> str:
        """The label for class names and ids: `amber-strict`."""
        return self.value.replace("+", "-")

    @property
    def meaning(self) -> str:
        """Who may have what bears this label, in one sentence."""
        return _MEANINGS[self].meaning

    @property
    def colour(self) -> str:
        """FIRST's text colour as `#rrggbb`, to be shown on black `#000000`."""
        return _MEANINGS[self].colour

    @property
    def strictness(self) -> int:
        """0 for CLEAR to 4 for RED: a larger number lets fewer people read."""
        return list(Tlp).index(self)

    @classmethod
    def from_text(cls, text: str) -> "Tlp":
        """The label that people or the API mean by `text`.

        Takes any case, with or without the `TLP:` prefix, TLP 1.0's `white` and the hyphenated
        `amber-strict`. Raises `ValueError` for anything else.
        """
        name = text.strip().lower().removeprefix("tlp:").strip()
        return cls({"white": "clear", "amber-strict": "amber+strict"}.get(name, name))


class _Meaning(NamedTuple):
    colour: str
    meaning: str


_MEANINGS = {
    Tlp.CLEAR: _Meaning("#FFFFFF", "No limit: anyone may have it."),
    Tlp.GREEN: _Meaning("#33FF00", "The community may have it, public channels may not."),
    Tlp.AMBER: _Meaning("#FFC000", "Need-to-know, within the organisation and its clients."),
    Tlp.AMBER_STRICT: _Meaning("#FFC000", "Need-to-know, within the organisation only."),
    Tlp.RED: _Meaning("#FF2B2B", "The individual recipients only, nobody else."),
}


def label_of_wire(text: str, wire: Mapping[Tlp, str]) -> Tlp | None:
    """The label that is, or once was, sent as `text`, in whatever case it comes back.

    None for a text that means no label of FIRST's, such as Cloudflare's own `purple`: whoever gets
    None must treat it as strictly as RED.
    """
    folded = text.strip().casefold()
    for label, sent in wire.items():
        if sent.casefold() == folded:
            return label
    try:
        return Tlp.from_text(text)
    except ValueError:
        return None


def has_red_data(event: Mapping[str, Any], wire: Mapping[Tlp, str]) -> bool:
    """Whether the raw data of `event`, as it is sent, bears a label that means RED, or nothing."""
    raw = event.get("raw")
    told = raw.get("tlp") if isinstance(raw, dict) else None
    return bool(told) and (label_of_wire(str(told), wire) or Tlp.RED) is Tlp.RED


def wire_values(overrides: Mapping[str, str]) -> dict[Tlp, str]:
    """What is sent for each label: its slug, unless `overrides` (label → text) differs.

    Raises `ValueError` if an override names no label, is empty, or gives two labels one text: a
    strict label must never leave this machine as a weaker one.
    """
    wire = {label: label.slug for label in Tlp}
    for name, text in overrides.items():
        wire[Tlp.from_text(name)] = text.strip()
    if "" in wire.values():
        raise ValueError("a TLP label has no text to send")
    if len({text.casefold() for text in wire.values()}) != len(wire):
        raise ValueError("two TLP labels would be sent as the same text")
    return wire
