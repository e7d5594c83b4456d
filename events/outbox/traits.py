"""What an API may do to a text when it stores it, and which texts show that it does not.

A text may come back escaped, trimmed, cut, in another case or another Unicode form, and a filter
compares with what was stored. So a search that finds nothing proves something only if a known text
that is at least as hard to keep was found in the same way.
"""

import html
import re
import unicodedata

# Signs that every layer passes on as they are.
_EASY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:-_/()")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_BLANKS = re.compile(r"^\s|\s$|\s\s|[^\S ]")


def is_covered(wanted: str, known: str) -> bool:
    """Whether whatever would change `wanted` would change `known` too."""
    return traits(wanted) <= traits(known) and len(wanted) <= len(known)


def traits(text: str) -> frozenset[str]:
    """By what a text may be changed: its cases, blanks, signs, and what is not ASCII."""
    found = {sign for sign in text if sign.isascii() and sign not in _EASY and sign != "&"}
    tests = {
        "lower case": text != text.upper(),
        "upper case": text != text.lower(),
        "blanks": bool(_BLANKS.search(text)),
        "&": bool(_BARE_AMPERSAND.search(text)),
        "entity": html.unescape(text) != text,
        "beyond ASCII": not text.isascii(),
        "composed": unicodedata.normalize("NFD", text) != text,
        "decomposed": unicodedata.normalize("NFC", text) != text,
        "compatible": unicodedata.normalize("NFKC", text) != text,
        "beyond 16 bits": any(ord(sign) > 0xFFFF for sign in text),
    }
    return frozenset(found | {name for name, is_so in tests.items() if is_so})


def bare(text: object) -> str:
    """What is left of a text when everything that an API may change is taken away."""
    if not isinstance(text, str):
        return ""
    plain = unicodedata.normalize("NFKD", html.unescape(html.unescape(text))).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def resemblance(one: object, other: object) -> int:
    """2 for texts that differ by such changes alone, 1 if one begins like the other, else 0."""
    first, second = sorted((bare(one), bare(other)), key=len)
    if not first:
        return 0
    if first == second:
        return 2
    return int(len(first) >= 8 and second.startswith(first))
