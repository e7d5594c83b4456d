"""Refanging: what people write so that nobody clicks it, read back; and the way there."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from events.indicators.hosts import has_public_suffix
from events.indicators.lexicon import MAILBOXES, STOP_WORDS


@dataclass(frozen=True)
class Refanged:
    """A refanged text that knows where each of its characters stood in the original."""

    text: str
    raw: str
    origin: tuple[int, ...] | range

    @classmethod
    def of(cls, raw: str) -> "Refanged":
        """Refang a text; every rule is linear in its length."""
        done = cls(raw, raw, range(len(raw) + 1))
        for rule in _RULES:
            done = rule(done)
        return done

    def seen(self, start: int, end: int) -> str:
        """The original spelling of `text[start:end]`."""
        return self.raw[self.origin[start] : self.origin[end]]

    def changed(self, start: int, end: int) -> bool:
        """Whether `text[start:end]` was written otherwise, i.e. somebody defanged it."""
        return self.seen(start, end).strip() != self.text[start:end]

    @cached_property
    def untouched(self) -> bool:
        """Whether nothing at all was defanged."""
        return self.text == self.raw

    def replace(self, edits: Iterator[tuple[int, int, str]]) -> "Refanged":
        """Apply (start, end, replacement) edits, ascending and apart, keeping the origins."""
        text: list[str] = []
        origin: list[int] = []
        at = 0
        for start, end, new in edits:
            text += (self.text[at:start], new)
            origin.extend(self.origin[at:start])
            same = len(new) == end - start
            origin.extend(self.origin[start:end] if same else [self.origin[start]] * len(new))
            at = end
        if not at:
            return self
        text.append(self.text[at:])
        origin.extend(self.origin[at:])
        return Refanged("".join(text), self.raw, tuple(origin))


Rule = Callable[[Refanged], Refanged]


def refang(text: str) -> str:
    """The text with every known way of defanging undone.

    >>> refang("hxxps[:]//evil[.]example/a, bob [at] evil [dot] example")
    'https://evil.example/a, bob@evil.example'
    """
    return Refanged.of(text).text


def defang(value: str, kind: str = "") -> str:
    """A value for showing: nobody can click it, no mail program links it.

    Hashes, paths, keys and names of mutexes stay as they are; in a user agent only links go.
    `refang` is the inverse for every normalised value.
    """
    if kind in _NEVER_LINKS:
        return value
    shown = _LINK.sub(lambda m: "hxxp" + m[1].lower() + "[:]//", value)
    shown = shown.replace("://", "[:]//")
    if kind == "user_agent":
        return shown
    if _IS_IPV6.fullmatch(value):
        shown = shown.replace(":", "[:]")
    return _DOT.sub("[.]", shown).replace("@", "[@]")


_NEVER_LINKS = frozenset(
    "md5 sha1 sha256 sha512 imphash ja3 ja4 asn cve btc file_path file_name registry_key mutex".split()
)
_LINK = re.compile(r"(?i)http(s?)://")
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W_])|(?<=[^\W_])\.(?=xn--)")
_IS_IPV6 = re.compile(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:/\d{1,3})?")


def _substitute(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Rule:
    compiled = re.compile(pattern)

    def rule(done: Refanged) -> Refanged:
        return done.replace(
            (m.start(), m.end(), new if isinstance(new, str) else new(m))
            for m in compiled.finditer(done.text)
        )

    return rule


_ENTITIES = {
    "#46": ".", "#x2e": ".", "period": ".", "#58": ":", "#x3a": ":", "colon": ":", "#64": "@",
    "#x40": "@", "commat": "@", "#47": "/", "#x2f": "/", "sol": "/", "amp": "&", "lt": "<",
    "gt": ">", "quot": '"', "#39": "'", "nbsp": " ", "shy": "",
}  # fmt: skip
_FOLDED = {"\u2024": ".", "\u2215": "/", "\u2044": "/", "\ua789": ":", "\u2236": ":"} | dict.fromkeys(
    "\u2010\u2011", "-"
)
_HIDDEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"


def _fold(match: re.Match[str]) -> str:
    char = match[0]
    if char in _FOLDED:
        return _FOLDED[char]
    return unicodedata.normalize("NFKC", char)


_O = r"[\[({<]"
_C = r"[\])}>]"
_SP = r"[ \t]{0,2}"
_SLASH = rf"{_O}?(?:\\?/|\\\\){_C}?"


def _scheme(match: re.Match[str]) -> str:
    written = match[0].lower()
    name = "ftp" if match["ftp"] else "http"
    secure = "s" if match["s"] else ""
    return name + secure + ("" if written.endswith(":") or match["colon"] else ":")


def _backslashed(match: re.Match[str]) -> str:
    return match[0].replace("\\", "/")


def _escaped_dots(done: Refanged) -> Refanged:
    """`evil\\.com`, as in a regular expression, but never inside a Windows path."""
    if "\\." not in done.text:
        return done
    return done.replace(_escaped_dots_in(done.text))


def _escaped_dots_in(text: str) -> Iterator[tuple[int, int, str]]:
    for token in re.finditer(r"[^\s\"'<>|,;]+", text):
        if "\\." not in token[0] or "\\" in token[0].replace("\\.", "").replace("\\/", ""):
            continue
        for dot in re.finditer(r"(?<=\w)\\\.(?=\w)", token[0]):
            yield token.start() + dot.start(), token.start() + dot.end(), "."


_SPOKEN = re.compile(
    r"(?<![\w.-])(?:(?P<local>[\w.+-]{1,64})[ \t]{1,2}(?P<at>[aA][tT])[ \t]{1,2})?"
    r"(?P<first>[\w.@-]{1,255})(?P<rest>(?:[ \t]{1,2}(?:[dD][oO][tT]|punkt)[ \t]{1,2}[\w.-]{1,63}){1,12})"
)
_SPOKEN_DOT = re.compile(r"[ \t]{1,2}(?:[dD][oO][tT]|punkt)[ \t]{1,2}")
_MAIL_CUE = re.compile(r"(?i)(?:mail|contact|kontakt|adresse?|address|from|to|an|à|:)[\s:]*$")


def _spoken_dots(done: Refanged) -> Refanged:
    """`evil dot com`, where it makes a known suffix or an address, not `the dot com bubble`."""
    if not _SPOKEN_DOT.search(done.text):
        return done
    return done.replace(_spoken_dots_in(done.text))


def _spoken_dots_in(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPOKEN.finditer(text):
        name = _SPOKEN_DOT.sub(".", match["first"] + match["rest"]).rstrip(".-")
        host = name.rpartition("@")[2]
        address = re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", host)
        if match["first"].lower() in STOP_WORDS or not (address or has_public_suffix(host)):
            continue
        if match["at"] and _is_mailbox(match["local"], text[: match.start()][-30:]):
            yield match.end("local"), match.start("first"), "@"
        for dot in _SPOKEN_DOT.finditer(match["rest"]):
            yield match.start("rest") + dot.start(), match.start("rest") + dot.end(), "."


def _is_mailbox(local: str, before: str) -> bool:
    """Whether `local at host` is an address rather than `hosted at host`."""
    named = local.lower() in MAILBOXES or bool(re.search(r"[\d._+-]", local))
    return named or bool(_MAIL_CUE.search(before))


_RULES: tuple[Rule, ...] = (
    _substitute(f"[{_HIDDEN}]+", ""),
    _substitute(
        r"[\uff01-\uff5e\u2024\u2215\u2044\ua789\u2236\u2010\u2011\u00a0\u1680\u2000-\u200a\u202f"
        r"\u205f\u3000\u24b6-\u24e9\U0001d400-\U0001d7ff]",
        _fold,
    ),
    _substitute(r"(?<=[0-9A-Za-z])[\u3002\uff61](?=[0-9A-Za-z])", "."),
    _substitute(
        rf"(?i)&({'|'.join(_ENTITIES)});", lambda m: _ENTITIES[m[1].lower()]
    ),
    _substitute(r"(?i)(?<!\w)h(?:tt|xx|tx|xt|\*\*)ps?:\\\\[^\s\"'<>|]{1,2000}", _backslashed),
    _substitute(
        rf"(?i)(?<![a-z0-9]){_O}?(?:(?P<ftp>f[x*]{{1,2}}p)|h[x*+_#~z-]{{1,3}}p|hxtp|htxp|httx|hppt|"
        rf"meow|purr|(?=https?{_C}|http{_O}|htt{_O}|h{_O}tt)h{_O}?tt{_C}?{_O}?p{_C}?)"
        rf"(?P<s>s|{_O}s{_C})?{_C}?(?:(?P<colon>(?={_O}?:))|(?={_O}?//))",
        _scheme,
    ),
    _substitute(
        rf"(?<=[a-zA-Z0-9]){_SP}(?:(?={_O}):?|:(?={_O}|\\/)|{_O}:{_C}?)[:]?{_SLASH}{_SLASH}",
        "://",
    ),
    _substitute(r"(?<=[:/\w])\\/", "/"),
    _substitute(
        rf"(?i)(?<=\w){_SP}{_O}{_SP}(?:@|at|ät|arroba){_SP}{_C}{_SP}(?=[\w\[({{])", "@"
    ),
    _substitute(r"(?<=[a-z0-9])_AT_(?=[a-z0-9])", "@"),
    _substitute(r"(?<=[a-z0-9])AT(?=[a-z0-9-]{2,63}(?:\.|DOT|\[\.))", "@"),
    _substitute(
        rf"(?i)(?<=[\w\])}}]){_SP}{_O}{{1,2}}{_SP}(?:\.|dot|d0t|punkt|point|punto|ponto|точка|点)"
        rf"{_SP}{_C}{{1,2}}{_SP}(?=[\w\[({{])",
        ".",
    ),
    _substitute(rf"(?i)(?<=\w){_O}\.([a-z]{{2,24}}|\d{{1,3}}){_C}", lambda m: "." + m[1]),
    _substitute(r"(?<=\w)[\[({]\.(?=\w)|(?<=\w)\.[\])}](?=\w)", "."),
    _substitute(r"(?<=\w\.)\[([a-z]{2,6}|\d{1,3})\]", lambda m: m[1]),
    _substitute(r"(?<=[a-z0-9])DOT(?=[a-z])", "."),
    _substitute(r"\[(::?)\]|(?<=\w)\((:)\)|(?<=\w)\{(:)\}", lambda m: m[0][1:-1]),
    _substitute(r"(?<=\w)(?:\[/\]|\(/\)|\{/\})", "/"),
    _substitute(r"(?<=\w)\[-\](?=\w)", "-"),
    _escaped_dots,
    _spoken_dots,
)
