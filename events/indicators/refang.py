"""Refanging a text, and defanging a value for the eye."""

import re

from events.indicators.defanging import undo
from events.indicators.kinds import KINDS


def refang(text: str) -> str:
    """The text with every known way of defanging undone.

    >>> refang("hxxps[:]//evil[.]example/a, bob [at] evil [dot] example")
    'https://evil.example/a, bob@evil.example'
    """
    return undo(text).text


_LINKED = frozenset({"", "domain", "ipv4", "ipv6", "cidr", "url", "email", "user_agent"})
_HTTP = re.compile(r"(?i)http(s?)://")
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W_])")
_IPV6 = re.compile(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:/\d{1,3})?")


def defang(value: str, kind: str = "") -> str:
    """A value for showing: nobody can click it and no mail program links it.

    Hashes, paths, registry keys and mutexes stay as they are; in a user agent only links change.
    `refang` gives every normalised value back.
    """
    if kind in KINDS and kind not in _LINKED:
        return value
    shown = _HTTP.sub(lambda match: f"hxxp{match[1].lower()}[:]//", value)
    shown = shown.replace("://", "[:]//")
    if kind == "user_agent":
        return shown
    if _IPV6.fullmatch(value):
        shown = shown.replace(":", "[:]")
    return _DOT.sub("[.]", shown).replace("@", "[@]")
