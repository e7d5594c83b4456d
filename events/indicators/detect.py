"""The likeliest kind of one typed value, and what else it may be."""

import re
from collections.abc import Callable

from events.indicators.extract import displayed, extract
from events.indicators.hosts import has_public_suffix
from events.indicators.kinds import Row
from events.indicators.normalise import normalise
from events.indicators.wallets import is_bitcoin

_Test = Callable[[str], bool]
_PATH = re.compile(r"(?:[A-Za-z]:[\\/]|\\\\|%\w+%|~?/|\$env:).+")
_NAME = re.compile(r"[^\\/:*?\"<>|]+\.\w{1,12}")

# Kinds whose form alone says enough, the strictest first; a test narrows what the form allows.
_BY_FORM: tuple[tuple[str, _Test], ...] = (
    ("cve", lambda text: True),
    ("ja4", lambda text: True),
    ("md5", lambda text: True),
    ("sha1", lambda text: True),
    ("sha256", lambda text: True),
    ("sha512", lambda text: True),
    ("btc", is_bitcoin),
    ("asn", lambda text: text[:2].upper() == "AS"),
    ("registry_key", lambda text: True),
    ("ipv4", lambda text: True),
    ("ipv6", lambda text: True),
    ("cidr", lambda text: True),
    ("email", lambda text: True),
    ("url", lambda text: "://" in text),
)
_ALSO = {"md5": ("ja3", "imphash")}


def detect(value: str) -> Row:
    """The row of one typed value.

    `kind` is empty when nothing fits: any type may then be chosen. Never raises.
    """
    extraction = extract(value)
    if len(extraction.rows) == 1 and _is_whole(value, extraction.rows[0]):
        return extraction.rows[0]
    for kind, test in _BY_FORM:
        if (normal := _try(kind, value)) and test(normal):
            return _typed(kind, normal, value, alternatives=_ALSO.get(kind, ()))
    return _loose(value)


def _is_whole(value: str, row: Row) -> bool:
    """Whether the row is all that was typed, quotes and final punctuation aside."""
    return value.strip(" \t\r\n\"'`.,;<>()") == row.seen.strip(" \t\r\n\"'`.,;<>()")


def _loose(value: str) -> Row:
    """Kinds that nearly any text fits: names of files, paths, names without a public suffix."""
    try:
        plain = normalise("", value)
    except ValueError as error:
        return Row("", value.strip(), seen=value, doubt=str(error))
    if has_public_suffix(plain) or _try("domain", plain):
        return _typed("domain", normalise("domain", plain), value, ("file_name",))
    if _PATH.fullmatch(plain):
        return _typed("file_path", normalise("file_path", plain), value, ("url",))
    if _NAME.fullmatch(plain):
        return _typed("file_name", plain, value, ("mutex", "user_agent"))
    return Row("", plain, seen=value, doubt="No known type fits; choose one.")


def _try(kind: str, value: str) -> str:
    try:
        return normalise(kind, value)
    except ValueError:
        return ""


def _typed(kind: str, normal: str, seen: str, alternatives: tuple[str, ...]) -> Row:
    doubt = "other types fit too" if alternatives else ""
    return Row(kind, normal, seen, 1, doubt, alternatives, displayed(kind, normal), normal)
