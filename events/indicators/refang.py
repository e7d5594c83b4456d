"""Refanging a text, and defanging a value for the eye."""

import re

from events.indicators.defanging import undo


def refang(text: str) -> str:
    """The text with every known way of defanging undone.

    >>> refang("hxxps[:]//evil[.]example/a, bob [at] evil [dot] example")
    'https://evil.example/a, bob@evil.example'
    """
    return undo(text).text


_NEVER_LINKED = frozenset(
    "md5 sha1 sha256 sha512 imphash ja3 ja4 asn cve btc file_path file_name registry_key "
    "mutex".split()
)
_HTTP = re.compile(r"(?i)http(s?)://")
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W_])")
_IPV6 = re.compile(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:/\d{1,3})?")


def defang(value: str, kind: str = "") -> str:
    """A value for showing: nobody can click it and no mail program links it.

    Hashes, paths, registry keys and mutexes stay as they are; in a user agent only links change.
    `refang` gives every normalised value back.
    """
    if kind in _NEVER_LINKED:
        return value
    shown = _HTTP.sub(lambda match: f"hxxp{match[1].lower()}[:]//", value)
    shown = shown.replace("://", "[:]//")
    if kind == "user_agent":
        return shown
    if _IPV6.fullmatch(value):
        shown = shown.replace(":", "[:]")
    return _DOT.sub("[.]", shown).replace("@", "[@]")
