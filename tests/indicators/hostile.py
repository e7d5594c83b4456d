"""Texts of 10 KB that make careless regular expressions and loops slow, by name."""

import random

SIZE = 10 * 1024
# Each is repeated up to the size: starts without an end, ends without a start, nested and
# overlapping forms of everything that the engine looks for.
UNITS = (
    "a", "a.", "a-", "-", "_", "@", "a@", "a@a.", "a:", "::", "1:", "ab:", "1.", "1.1.1.1.",
    "1.1.1.1/", "1.1.1.1-", "http://", "hxxp://", "http:", "://", "h**p", "[.]", "a[.]",
    "[", "((", "[[.]]", "a [.] ", "a dot ", "a at b dot ", "dot ", "\\", "\\\\", "C:\\",
    "C:\\a ", "C:\\a\\ ", "C:\\a b\\", "%a%\\", "HKLM\\", "HKLM\\a b ", "Global\\",
    "Global\\{", "mutex ", "mutex: ", "user-agent: ", "user-agent:\"", "Mozilla/5.0 (",
    "Mozilla/5.0 ((", "Mozilla/5.0 (a) ", "a/", "a/1 ", "/", "/tmp/", "~/", "//", "//a.",
    "CVE-", "CVE-2020-", "AS", "AS1", "ASN:", "bc1q", "1", "f", "0123456789abcdef",
    "_8daaf6152771", "\"a b", "\"a a.", "“a b c.ex", "a(1)", "a(1).", "&#46;", "&", "hxxp[",
    "h[tt]p", "http[s]", "\u200b", "．", "ａ", "a。", "中", "中a", "中.", "xn--", "xn--a.",
    "пример.", "a.com", "a.com,", "a.com/(", "http://a.com/(", "http://a.com/,",
    "http://a.com/;a=", "http://a.com/,a.b", "|a", "\n", "a\n", "a,b\n", "md5,\n", "md5\n",
    "ja3 ", "\t", "\"", "''", "version 1.2.3.4 ", "1.2.3.4 and later ", "mutex\n",
    "aATaDOT", "a[@]", "\\.", "a\\.", "a\\/", "é.", "a.exe ", "a.zip ", "file a.zip ",
    "$env:a\\", "\\\\?\\", "\\\\a", "C:\\<a", "::1 ", "Global\\#{", "::ffff:1.1.1.1", "%2e",
    "http://[", "http://a@", "http://@", "a.com?a=", "[.a]", "a.[1]", "hxxp:\\\\a",
    "  dot  ", "\x00", "\ud800", "Documents and Settings\\",
)  # fmt: skip
# One start, then a filling that never ends what it began.
STARTS = {
    "Mozilla/5.0 (": ("a", "(a", "a(a)", "()"),
    "Mozilla/5.0 ((": ("a", "a "),
    "Mozilla/5.0 (((": ("a", "a)"),
    '"': ("a ", "a.", "a b.c "),
    "http://a.com/": ("(", "([", ",a.b", ";a=", "a(", ")"),
    "http://": ("a.", "a@", "[", "a-", "1."),
    "C:\\": ("a ", "a\\", "Aa ", "a.b "),
    "HKLM\\": ("a ", "A\\"),
    "mutex ": ("a", "("),
    "user-agent: ": ("a", "a/1 (", "a "),
    "AS": ("1",),
    "1": ("1", ".1"),
    "bc1": ("q",),
    "a": ("[.]", " dot a", "[", "@"),
    "CVE-2020-": ("1",),
}
_ALPHABET = "a1.:-/\\@[](){}<>\"' ,;|%_\n\t=&#dothxp"


def _filled(unit: str) -> str:
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


def _random_texts() -> dict[str, str]:
    chooser = random.Random(8)
    return {
        f"random {number}": "".join(chooser.choice(_ALPHABET) for _ in range(SIZE))
        for number in range(10)
    }


def _started_texts() -> dict[str, str]:
    return {
        f"{start!r} then {filling!r}": (start + _filled(filling))[:SIZE]
        for start, fillings in STARTS.items()
        for filling in fillings
    }


SHAPES: dict[str, str] = (
    {repr(unit): _filled(unit) for unit in UNITS} | _started_texts() | _random_texts()
)
