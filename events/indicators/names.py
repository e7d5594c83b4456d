"""Words with dots in them: a domain, a file, or neither (code, abbreviations, joined sentences)."""

import re

from events.indicators.hosts import is_public_name, to_ascii, to_unicode
from events.indicators.lexicon import (
    CODE_ENDINGS,
    CODE_OBJECTS,
    CODE_ROOTS,
    DOMAIN_BEFORE_FILE,
    DOMAIN_CUES,
    FILE_CUES,
    FILE_EXTENSIONS,
    JOINED_WORDS,
    KNOWN_FILES,
    MALWARE_PREFIXES,
    NOT_AFTER_NUMBER,
    PACKAGE_ROOTS,
    PRODUCTS,
)
from events.indicators.line import Found, Line
from events.indicators.scripts import mixed_scripts

_FILE_STEM = re.compile(r"[\w.+@~$%&#=-]*\w[\w.+@~$%&#=-]*")
_KEY = re.compile(r"['\"]?\s?[=:](?!\d|//)")
_CELL_BEFORE = re.compile(r"[\s>*•\"'`-]*|.*[,;\t|][\"']?", re.DOTALL)
_CELL_AFTER = re.compile(r"[\"'`]?(?:[,;\t|]|\s*$)")
_NEVER_BEGIN_SENTENCES = frozenset({"Com", "Org", "Net"})
_REACH = 40
_FILE = "may be a file name"
_DOMAIN = "may be a domain"


def find_name(line: Line, text: str, start: int) -> Found | None:
    """The domain or file name that `text`, found at `start`, is; None if it is neither."""
    name = text.rstrip(".-")
    if "." not in name.strip(".") or ".." in name:
        return None
    end = start + len(name)
    defanged = line.defanged(start, end)
    if not defanged and _is_no_indicator(line, name, start, end):
        return None
    domain = _domain(name)
    file = _is_file(name)
    if file and not defanged and _is_reference(line, start, end, may_have_port=bool(domain)):
        return None
    if domain and file:
        return _domain_or_file(line, name, domain, start, end)
    if file:
        return Found("file_name", name, start, end)
    if domain:
        return Found("domain", domain, start, end, script_doubt(domain))
    return _shortened(name, start, defanged)


def _domain(name: str) -> str:
    try:
        ascii_name = to_ascii(name.strip("."))
    except ValueError:
        return ""
    if is_public_name(ascii_name):
        return ascii_name
    return ""


def _is_file(name: str) -> bool:
    stem, _, extension = name.rpartition(".")
    if len(extension) == 1 and len(stem) < 3:
        return False
    return extension.lower() in FILE_EXTENSIONS and bool(_FILE_STEM.fullmatch(stem))


def _is_reference(line: Line, start: int, end: int, *, may_have_port: bool) -> bool:
    """`(Main.java:42)` in a stack trace, `cmd.php?id=` in a request: not a file of its own."""
    numbered = re.match(r":\d+(?:[:)\s]|$)", line.after(end))
    if numbered and may_have_port:
        return line.before(start, 1) == "("
    return bool(numbered or re.match(r"\?[\w.%-]*=", line.after(end)))


def _domain_or_file(line: Line, name: str, domain: str, start: int, end: int) -> Found:
    if _prefers_file(line, name, start, end):
        return Found("file_name", name, start, end, _DOMAIN, ("domain",))
    doubt = "" if line.defanged(start, end) or name.lower().endswith(".com") else _FILE
    return Found("domain", domain, start, end, doubt or script_doubt(domain), ("file_name",))


def _prefers_file(line: Line, name: str, start: int, end: int) -> bool:
    """Which of both a name such as `setup.sh` or `notion.so` is, by spelling, then by context."""
    extension = name.rpartition(".")[2].lower()
    if line.defanged(start, end):
        return False
    if name.lower() in KNOWN_FILES or (extension == "so" and name.startswith("lib")):
        return True
    if extension == "com" or (name.count(".") > 1 and name.startswith("www.")):
        return False
    cue = _nearest_cue(line.before(start, _REACH))
    if cue:
        return cue == "file"
    if extension == "md":
        return name.rpartition(".")[0].isupper()
    return extension not in DOMAIN_BEFORE_FILE and name.count(".") == 1


def _nearest_cue(before: str) -> str:
    ends = {
        kind: max((match.end() for match in cues.finditer(before)), default=-1)
        for kind, cues in (("file", FILE_CUES), ("domain", DOMAIN_CUES))
    }
    nearest = max(ends, key=lambda kind: ends[kind])
    return nearest if ends[nearest] >= 0 else ""


def _is_no_indicator(line: Line, name: str, start: int, end: int) -> bool:
    labels = name.strip(".").split(".")
    lowered = [label.lower() for label in labels]
    return (
        ".".join(lowered) in PRODUCTS
        or (len(labels) > 2 and labels[0][:1].isupper() and lowered[0] in MALWARE_PREFIXES)
        or _joins_sentences(labels)
        or (lowered[-1] in NOT_AFTER_NUMBER and "".join(labels[:-1]).isdigit())
        or _is_code(line, lowered, start, end)
    )


def _joins_sentences(labels: list[str]) -> bool:
    """`stopped.Next` or `Server.It`: a sentence runs into the next."""
    last, previous = labels[-1], labels[-2]
    if not last.istitle() or len(last) < 2 or last in _NEVER_BEGIN_SENTENCES:
        return False
    return not previous.istitle() or last.lower() in JOINED_WORDS


def _is_code(line: Line, labels: list[str], start: int, end: int) -> bool:
    """An attribute, a method or a package: `logging.info`, `window.open(`, `com.android.app`."""
    follows = line.after(end, 3)
    if len(labels) > 2 and labels[0] in PACKAGE_ROOTS and _ends_in_class(line.text[start:end]):
        return True
    if labels[-1] not in CODE_ENDINGS or follows.startswith("/"):
        return False
    if len(labels) > 2 and labels[0] in PACKAGE_ROOTS and not any("-" in part for part in labels):
        return True
    if follows.startswith("("):
        return True
    if len(labels) > 2:
        return labels[0] in CODE_ROOTS or bool(_KEY.match(follows) and labels[0] in CODE_OBJECTS)
    known = labels[0] in CODE_OBJECTS or len(labels[0]) == 1
    return known and not _is_whole_cell(line, start, end)


def _ends_in_class(name: str) -> bool:
    """`java.net.URL`, where nothing else is written in capitals."""
    return name.rpartition(".")[2][:1].isupper() and name[:1].islower()


def _is_whole_cell(line: Line, start: int, end: int) -> bool:
    before, after = line.before(start, 20), line.after(end, 20)
    return bool(_CELL_BEFORE.fullmatch(before) and _CELL_AFTER.match(after))


def _shortened(name: str, start: int, defanged: bool) -> Found | None:
    """A name glued to a word, `evil.com-Domain`; or one that somebody defanged, whatever it is."""
    last = name.rpartition(".")[2]
    cut = name[: len(name) - len(last)] + last.partition("-")[0]
    if cut != name and (domain := _domain(cut)):
        return Found("domain", domain, start, start + len(cut))
    if defanged:
        return _unknown_suffix(name, start)
    return None


def _unknown_suffix(name: str, start: int) -> Found | None:
    try:
        ascii_name = to_ascii(name.strip("."))
    except ValueError:
        return None
    last = ascii_name.rpartition(".")[2]
    if not last.isalpha() or len(last) < 2:
        return None
    doubt = f"“.{last}” is not a public top-level domain"
    return Found("domain", ascii_name, start, start + len(name), doubt)


def script_doubt(ascii_name: str) -> str:
    """A sentence about a name whose letters do not belong together, or an empty text."""
    for label in to_unicode(ascii_name).split("."):
        if mixed := mixed_scripts(label):
            return f"mixes {' and '.join(mixed)} letters"
    return ""
