"""The scanner: reads a line from left to right once and hands each place to whoever knows it.

A place is a word, told by the signs behind it (`://`, `:\\`, `/`) or by its being a keyword, or one
of the few signs that begin an indicator.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from events.indicators import agents, paths
from events.indicators.addresses import find_ipv6, hex_pairs_end
from events.indicators.lexicon import COMMANDS, FILE_EXTENSIONS
from events.indicators.line import Found, Line
from events.indicators.normalise import normal_form
from events.indicators.urls import find_url
from events.indicators.words import find_word

Step = tuple[Found | None, int]
Place = Callable[[Line, re.Match[str]], Step]

# Marks that vowels of Indic, Thai and other scripts need, which \w leaves out.
_MARKS = "\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e"
_WORD = re.compile(rf"[\w{_MARKS}][\w.@+{_MARKS}-]*")
_STEP = re.compile(
    rf"(?P<word>{_WORD.pattern})|(?P<unix>/)|(?P<share>\\+)|(?P<variable>[%$])|(?P<home>~/)"
    r"|(?P<quoted>[\"'“„«`])|(?P<colon>::+)"
)
_LONGEST_GROUP = 4
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}")
_VARIABLE = re.compile(r"%[A-Za-z_()0-9]{2,40}%[\\/]+|\$(?:env:)?[A-Za-z_]{2,40}\\+(?=\w)")
_SHARE = re.compile(r"\\\\+(?:[.?]\\+)?(?:[A-Za-z]:\\+)?(?=[\w.$-])")
_DRIVE = re.compile(r"[A-Za-z]:(?:\\+|/(?!/))(?=[^\s\\/])")
_HIVE = re.compile(
    r"(?i:HKLM|HKCU|HKCR|HKU|HKCC|HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS|"
    r"CURRENT_CONFIG)):?\\+"
)
_OBJECT_FOLDER = re.compile(r"(?:Sessions\\+\d+\\+)?BaseNamedObjects\\+(?=[\w{])")
_OBJECT = re.compile(r"(?:Global|Local)\\+(?=[\w{])")
_CVE = re.compile(r"(?i:CVE)[-\u2012-\u2015_ :]{1,2}\d{4}[-\u2012-\u2015_]\d{4,19}(?!\d)")
_ASN = re.compile(
    r"(?:ASN|asn|Asn|AS)(?: (?i:number|no\.))?[\"']?[ ]?[:=#]?[ ]?[\"']?(?:AS)?"
    r"(?P<number>\d{1,10})(?!\w|\.\d)"
)
_QUOTED_FILE = re.compile(
    r".\s?([\w()&+-][\w()&+ -]{0,120} [\w()&+. -]{0,80}\.\w{2,5})\s?(?=[\"'”“»`])"
)
_NUMBERED_FILE = re.compile(r"[\w.-]{1,100}\(\d{1,3}\)\.\w{2,5}\b")
_UNFIT = frozenset("%@")
_CUT_OFF = re.compile(r"%$|[^\s\"'`(<,;:|]@$")  # %2Fexample.com, b***@example.com
_RELATIVE_URL = re.compile(r"//(?=[\w-]{1,63}\.)")
_REST_OF_WORD = re.compile(r"[^\s\"'<>|,;)]{0,2048}")
_TRANSPORT = re.compile(r"\b(?:(?i:tcp|udp|ip|ipv4|host)|[A-Z]+_[A-Z_]+)$")  # HIER_DIRECT/…
_SOCKET = re.compile(r"/\d{1,3}(?:\.\d{1,3}){3}(?!\S*/)")


def scan(line: Line) -> Iterator[Found]:
    """The indicators of a line, in order and apart from each other."""
    at, last = 0, -1
    text = line.text
    while match := _STEP.search(text, at):
        if match.lastgroup == "word" and _is_plain(text, match):
            at = match.end()
            continue
        found, end = _PLACES[match.lastgroup or "word"](line, match)
        if match.lastgroup == "unix" and match.start() == last:
            found, end = None, match.end()
        if found and (normal := normalised(found)):
            yield normal
            last = found.end
        at = max(end, match.start() + 1)


def _is_plain(text: str, match: re.Match[str]) -> bool:
    """A word of letters that no sign and no keyword makes anything of: most of any prose."""
    word = match[0]
    if not word.isalpha() or text[match.end() : match.end() + 1] in _SIGNS:
        return False
    key = word[:5].lower()
    return len(word) < _SHORTEST_OPAQUE and key not in _KEYWORDS and key[:3] not in _KEYWORDS


_SIGNS = frozenset(":\\/(")
_SHORTEST_OPAQUE = 25


def normalised(found: Found) -> Found | None:
    """The same with its value in normal form; None when the value has none."""
    try:
        return replace(found, value=normal_form(found.kind, found.value))
    except ValueError:
        return None


def _word(line: Line, match: re.Match[str]) -> Step:
    word, start, end = match[0], match.start(), match.end()
    for key in (word[:3].lower(), word[:5].lower()):
        if key in _KEYWORDS and (step := _KEYWORDS[key](line, start)):
            return step
    follows = line.text[end : end + 1]
    if follows in _BY_SIGN and follows and (step := _BY_SIGN[follows](line, start, end)):
        return step
    return _plain_word(line, start)


def _colon_behind(line: Line, start: int, end: int) -> Step | None:
    text = line.text
    if text.startswith("://", end) and _SCHEME.fullmatch(text, start, end):
        return find_url(line, start, end + 3)
    if end > start + _LONGEST_GROUP:
        return _registry_key(line, start)
    if end == start + 1 and (drive := _DRIVE.match(text, start)):
        return paths.find_windows_path(line, start, drive.end())
    return _registry_key(line, start) or _ipv6(line, start)


def _registry_key(line: Line, start: int) -> Step | None:
    hive = _HIVE.match(line.text, start)
    return paths.find_registry_key(line, start, hive.end()) if hive else None


def _backslash_behind(line: Line, start: int, end: int) -> Step | None:
    if key := _registry_key(line, start):
        return key
    if folder := _OBJECT_FOLDER.match(line.text, start):
        return agents.find_object_name(line, folder.end())
    if _OBJECT.match(line.text, start) and line.before(start, 1) != "\\":
        return agents.find_object_name(line, start)
    return _relative_path(line, start, end) if line.text[end + 1 : end + 2].isalnum() else None


def _slash_behind(line: Line, start: int, end: int) -> Step | None:
    client = agents.CLIENT.match(line.text, start)
    return agents.find_agent(line, start) if client else None


def _bracket_behind(line: Line, start: int, end: int) -> Step | None:
    match = _NUMBERED_FILE.match(line.text, start)
    return _file(match[0], start, match.end()) if match else None


_BY_SIGN: dict[str, Callable[[Line, int, int], Step | None]] = {
    ":": _colon_behind,
    "\\": _backslash_behind,
    "/": _slash_behind,
    "(": _bracket_behind,
}


def _cve(line: Line, start: int) -> Step | None:
    match = _CVE.match(line.text, start)
    return (Found("cve", match[0], start, match.end()), match.end()) if match else None


def _asn(line: Line, start: int) -> Step | None:
    match = _ASN.match(line.text, start)
    if not match or re.fullmatch(r"AS\d+", match[0]):
        return None
    shouted = re.search(r"\b[A-Z]{3,}\s$", line.before(start))
    if shouted and match[0].startswith("AS "):
        return None
    return Found("asn", f"AS{match['number']}", start, match.end()), match.end()


def _agent_keyword(line: Line, start: int) -> Step | None:
    match = agents.NAMED_AGENT.match(line.text, start)
    if not match:
        return None
    return agents.find_named_agent(line, start, match.end(), signed=bool(match["sign"]))


def _mutex_keyword(line: Line, start: int) -> Step | None:
    match = agents.NAMED_MUTEX.match(line.text, start)
    if not match:
        return None
    return agents.find_named_mutex(line, match.end(), signed=bool(match["sign"]))


def _microsoft(line: Line, start: int) -> Step | None:
    return _slash_behind(line, start, start)


_KEYWORDS: dict[str, Callable[[Line, int], Step | None]] = {
    "cve": _cve,
    "asn": _asn,
    "as": _asn,
    "user": _agent_keyword,
    "user-": _agent_keyword,
    "user_": _agent_keyword,
    "usera": _agent_keyword,
    "mutex": _mutex_keyword,
    "micro": _microsoft,
    "certu": _microsoft,
}


def _plain_word(line: Line, start: int) -> Step:
    match = _WORD.match(line.text, start)
    if not match:
        return None, start + 1
    end = match.end()
    if line.before(start, 1) in _UNFIT and _CUT_OFF.search(line.before(start, 2)):
        return None, end
    return find_word(line, start, end)


def _relative_path(line: Line, start: int, end: int) -> Step:
    r"""`AppData\Roaming\a.exe` is a path; `CORP\alice` is an account."""
    found, stop = paths.find_windows_path(line, start, end + 1)
    if found and found.value.rpartition(".")[2].lower() in FILE_EXTENSIONS:
        return found, stop
    word, _ = find_word(line, start, end)
    return word, max(end, line.text.rfind("\\", start, stop) + 1)


def _unix(line: Line, match: re.Match[str]) -> Step:
    """A path; what hangs on a word (`and/or`, `Product/1.2.3.4`) is part of that word."""
    start = match.start()
    if _RELATIVE_URL.match(line.text, start) and not re.match(r"[\w:/.]", line.before(start, 1)):
        return _plain_word(line, start + 2)
    if re.match(r"[\w.]", line.before(start, 1)):
        if _SOCKET.match(line.text, start) and _TRANSPORT.search(line.before(start, 30)):
            return None, start + 1
        rest = _REST_OF_WORD.match(line.text, start + 1)
        return None, rest.end() if rest else start + 1
    found, end = paths.find_unix_path(line, start)
    if not found and _SOCKET.match(line.text, start):
        return None, start + 1
    return found, end


def _home(line: Line, match: re.Match[str]) -> Step:
    return paths.find_unix_path(line, match.start())


def _share(line: Line, match: re.Match[str]) -> Step:
    share = _SHARE.match(line.text, match.start())
    if not share or line.before(match.start(), 1).isalnum():
        return None, match.end()
    found, end = paths.find_windows_path(line, match.start(), share.end())
    return (found if found and "\\" in found.value.strip("\\") else None), end


def _variable(line: Line, match: re.Match[str]) -> Step:
    variable = _VARIABLE.match(line.text, match.start())
    if not variable:
        return None, match.end()
    return paths.find_windows_path(line, match.start(), variable.end())


def _colon(line: Line, match: re.Match[str]) -> Step:
    """`::1`, where no word comes before."""
    if len(match[0]) > 2 or re.match(r"[\w.]", line.before(match.start(), 1)):
        return None, match.end()
    return _ipv6(line, match.start()) or (None, match.end())


def _ipv6(line: Line, start: int) -> Step | None:
    if found := find_ipv6(line, start):
        return found, found.end
    end = hex_pairs_end(line.text, start)
    return (None, end) if end > start else None


def _quoted(line: Line, match: re.Match[str]) -> Step:
    """A quoted file name with blanks in it; not a quoted command that ends in a file."""
    quoted = _QUOTED_FILE.match(line.text, match.start())
    words = quoted[1].split(" ") if quoted else []
    command = words and words[0].lower() in COMMANDS
    if not quoted or command or any(w[:1] == "-" or "." in w for w in words[:-1]):
        return None, match.end()
    return _file(quoted[1], quoted.start(1), quoted.end(1)) or (None, match.end())


def _file(name: str, start: int, end: int) -> Step | None:
    known = name.rpartition(".")[2].lower() in FILE_EXTENSIONS
    return (Found("file_name", name, start, end), end) if known else None


_PLACES: dict[str, Place] = {
    "word": _word,
    "unix": _unix,
    "home": _home,
    "share": _share,
    "variable": _variable,
    "colon": _colon,
    "quoted": _quoted,
}
