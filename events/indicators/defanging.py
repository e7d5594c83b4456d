"""The known ways of defanging, one linear rule each, in the order in which they are undone."""

import re
import unicodedata
from collections.abc import Iterator

from events.indicators.hosts import has_public_suffix
from events.indicators.lexicon import MAILBOXES, STOP_WORDS
from events.indicators.mapped import Mapped, Rule, bracketed, substitution

_ENTITIES = {
    "#46": ".", "#x2e": ".", "period": ".", "#58": ":", "#x3a": ":", "colon": ":", "#64": "@",
    "#x40": "@", "commat": "@", "#47": "/", "#x2f": "/", "sol": "/", "amp": "&", "lt": "<",
    "gt": ">", "quot": '"', "#39": "'", "nbsp": " ", "shy": "",
}  # fmt: skip
_LOOKS_LIKE_ASCII = {
    "\u2024": ".", "\u2215": "/", "\u2044": "/", "\ua789": ":", "\u2236": ":", "\u2010": "-",
    "\u2011": "-",
}  # fmt: skip
# Soft hyphen, joiners, zero-width spaces, bidirectional controls, variation selectors, the BOM.
HIDDEN = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufe00-\ufe0f\ufeff"
)
_OPEN, _CLOSE, _GAP = r"[\[({<]", r"[\])}>]", r"[ \t]{0,2}"


def _fold(match: re.Match[str]) -> str:
    char = match[0]
    return _LOOKS_LIKE_ASCII.get(char) or unicodedata.normalize("NFKC", char)


def _entity(match: re.Match[str]) -> str:
    return _ENTITIES[match[1].lower()]


_SEPARATOR = re.compile(rf"[\[({{<:]:?{_CLOSE}?(?:{_OPEN}?\\?/{_CLOSE}?){{2}}")
_SCHEME = re.compile(
    rf"(?i)(?<![a-z0-9])(?:(?P<http>h(?:xx|tx|xt|zz|xxx|\*\*|\+\+|__|##|~~|--)p|"
    rf"h{{1,2}}t{{1,3}}p{{1,2}}|ttp|httx|meow|purr|htt{_OPEN}p{_CLOSE}|h{_OPEN}tt{_CLOSE}p)|f[x*]{{1,2}}p)"
    rf"(?P<s>s|{_OPEN}s{_CLOSE})?$|{_OPEN}(?P<whole>h(?:xx|tt)p(?P<secure>s?)){_CLOSE}$"
)
_LONGEST_SCHEME = 12


def _schemes(done: Mapped) -> Mapped:
    """`hxxp[:]//`, `meow://`, `http[s]:\\/\\/`: the signs behind a scheme, then the scheme."""
    return done.edit(_find_schemes(done.text))


def _find_schemes(text: str) -> Iterator[tuple[int, int, str]]:
    last = 0
    for match in _SEPARATOR.finditer(text):
        start = match.start()
        floor = max(last, start - _LONGEST_SCHEME)
        if ":" not in match[0] or not re.match(r"[\w\])}]", text[start - 1 : start] or " "):
            continue
        scheme = _SCHEME.search(text[floor:start])
        yield (
            floor + scheme.start() if scheme else start,
            match.end(),
            (_plain_scheme(scheme) if scheme else "") + "://",
        )
        last = match.end()


def _plain_scheme(match: re.Match[str]) -> str:
    name = "http" if match["http"] or match["whole"] else "ftp"
    return name + ("s" if match["s"] or match["secure"] else "")


def _inside(match: re.Match[str]) -> str:
    return match[0][1:-1]


_KEY_OR_OBJECT = re.compile(r"(?i)(?:HK[A-Z_]+|Global|Local)\\")


def _escaped_dots(done: Mapped) -> Mapped:
    r"""`evil\.com`, as in a regular expression, but never inside a Windows path."""
    return done.edit(_find_escaped_dots(done.text)) if "\\." in done.text else done


def _find_escaped_dots(text: str) -> Iterator[tuple[int, int, str]]:
    for token in re.finditer(r"[^\s\"'<>|,;]+", text):
        if "\\." not in token[0] or "\\" in token[0].replace("\\.", ""):
            continue
        if _KEY_OR_OBJECT.match(token[0]):
            continue
        for dot in re.finditer(r"(?<=\w)\\\.(?=\w)", token[0]):
            yield token.start() + dot.start(), token.start() + dot.end(), "."


_CAPITALS = re.compile(
    r"(?<![\w.-])(?:(?P<local>[a-z0-9._+-]{0,63}[a-z0-9])(?P<at>_AT_|AT))?"
    r"(?P<host>[a-z0-9-]{1,63}(?:(?:DOT|\.)[a-z0-9-]{1,63}){1,12})(?![\w-])"
)


def _capital_words(done: Mapped) -> Mapped:
    """`nameAThostDOTcom`, where the host ends in a known suffix."""
    words = "AT" in done.text or "DOT" in done.text
    return done.edit(_find_capitals(done.text)) if words else done


def _find_capitals(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _CAPITALS.finditer(text):
        if not has_public_suffix(match["host"].replace("DOT", ".")):
            continue
        if match["local"]:
            yield match.start("at"), match.end("at"), "@"
        for dot in re.finditer("DOT", match["host"]):
            yield match.start("host") + dot.start(), match.start("host") + dot.end(), "."


_SPOKEN_DOT = re.compile(r"[ \t]{1,2}(?:[dD][oO][tT]|punkt)[ \t]{1,2}")
_SPOKEN = re.compile(
    r"(?<![\w.-])(?:(?P<local>[\w.+-]{1,64})[ \t]{1,2}(?P<at>at|AT|At)[ \t]{1,2})?"
    rf"(?P<first>[\w.@-]{{1,255}})(?P<rest>(?:{_SPOKEN_DOT.pattern}[\w.-]{{1,63}}){{1,12}})"
)
_MAIL_CUE = re.compile(r"(?i)(?:mail|contact|kontakt|adresse?|address|from|to|an|à|:)[\s:]*$")


def _spoken_dots(done: Mapped) -> Mapped:
    """`evil dot com`, where that gives a known suffix or an address; not `the dot com bubble`."""
    return done.edit(_find_spoken(done.text)) if _SPOKEN_DOT.search(done.text) else done


def _find_spoken(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPOKEN.finditer(text):
        name = _SPOKEN_DOT.sub(".", match["first"] + match["rest"]).rstrip(".-")
        host = name.rpartition("@")[2]
        is_address = re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", host)
        if match["first"].lower() in STOP_WORDS or not (is_address or has_public_suffix(host)):
            continue
        if match["local"] and (
            match["at"] == "AT" or _is_mailbox(match["local"], text[: match.start()][-30:])
        ):
            yield match.end("local"), match.start("first"), "@"
        for dot in _SPOKEN_DOT.finditer(match["rest"]):
            yield match.start("rest") + dot.start(), match.start("rest") + dot.end(), "."


def _is_mailbox(local: str, before: str) -> bool:
    """Whether `local at host` is an address rather than `hosted at host`."""
    named = local.lower() in MAILBOXES or re.search(r"[\d._+-]", local)
    return bool(named or _MAIL_CUE.search(before))


_NOT_ASCII: tuple[Rule, ...] = (
    substitution(f"[{HIDDEN}]+", ""),
    substitution(
        r"[\uff01-\uff5e\u2024\u2215\u2044\ua789\u2236\u2010\u2011\u00a0\u1680\u2000-\u200a\u202f"
        r"\u205f\u3000\u24b6-\u24e9\U0001d400-\U0001d7ff]",
        _fold,
    ),
    substitution(r"[\u3002\uff61](?<=[0-9A-Za-z].)(?=[0-9A-Za-z])", "."),
)
_ANY: tuple[Rule, ...] = (
    # line ends that JSON escaped, where they are not part of a path
    substitution(r"\\r\\n|\\[nrt](?=[hH](?:tt|xx|XX)[pP][sS]?[:\[])", " "),
    substitution(rf"&(?i:({'|'.join(_ENTITIES)}));", _entity),
    substitution(
        r"[hH](?<!\w[hH])(?i:tt|xx|tx|xt|\*\*)[pP][sS]?:\\\\[^\s\"'<>|]{1,2000}",
        lambda match: match[0].replace("\\", "/"),
    ),
    substitution(
        r"[hH](?<!\w[hH])(?i:xx|tx|xt|\*\*)[pP]([sS]?)//",
        lambda match: f"http{match[1].lower()}://",
    ),
    _schemes,
    substitution(r"\\(?<=[:/\w]\\)/", "/"),
    bracketed(rf"{_OPEN}{_GAP}(?i:@|at|ät){_GAP}{_CLOSE}", "@"),
    bracketed(
        rf"{_OPEN}{{1,2}}{_GAP}(?i:\.|dot|d0t|punkt|point|punto|ponto|点){_GAP}{_CLOSE}{{1,2}}", "."
    ),
    substitution(
        rf"{_OPEN}(?<=\w.)\.([A-Za-z]{{2,24}}|\d{{1,3}}){_CLOSE}", lambda match: "." + match[1]
    ),
    substitution(r"[\[({](?<=\w.)\.(?=\w)|\.(?<=\w\.)[\])}](?=\w)", "."),
    substitution(r"\[(?<=\w\.\[)(?:[a-z]{2,6}|\d{1,3})\]", _inside),
    substitution(r"[\[({]:(?:(?<=\[:):?\]|(?<=\w\(:)\)|(?<=\w\{:)\})", _inside),
    substitution(r"[\[({](?<=\w.)/[\])}]", "/"),
    substitution(r"\[(?<=\w\[)-\](?=\w)", "-"),
    _escaped_dots,
    _capital_words,
    _spoken_dots,
)


def undo(raw: str) -> Mapped:
    """The text with every rule applied."""
    done = Mapped.of(raw)
    for rule in _ANY if raw.isascii() else (*_NOT_ASCII, *_ANY):
        done = rule(done)
    return done
