"""Look-alike letters: names that mix scripts, and names that read as a Latin one.

Allowed mixtures follow "highly restrictive" of Unicode Technical Standard 39, section 5.2.
"""

import unicodedata
from functools import lru_cache

_EAST_ASIAN = (
    frozenset({"Latin", "Han", "Hiragana", "Katakana"}),
    frozenset({"Latin", "Han", "Bopomofo"}),
    frozenset({"Latin", "Han", "Hangul"}),
)
_NAMES = {"CJK": "Han", "IDEOGRAPHIC": "Han", "MODIFIER": "", "COMBINING": ""}
# Small letters that read as Latin ones (Unicode's confusables.txt): the letter, its reading.
_READINGS = (
    "аa сc ԁd еe һh іi јj ӏl оo рp ԛq ѕs ѵv ԝw хx уy үy кk αa ιi κk νv οo ρp υu γy χx σo ɑa ɡg ıi "
    "ɩi ϲc ҽe ⅼl ᴢz ʏy ɴn ʀr ʟl օo հh ոn սu ցg ձd զq"
)
_READS_AS = {ord(pair[0]): pair[1] for pair in _READINGS.split()}


@lru_cache(maxsize=4096)
def scripts_of(text: str) -> frozenset[str]:
    """The scripts of a text's letters, by Unicode's names: {"Latin", "Cyrillic"}."""
    found = {_script(char) for char in text if char.isalpha()}
    return frozenset(found - {""})


def _script(char: str) -> str:
    if char.isascii():
        return "Latin"
    word = unicodedata.name(char, "").partition(" ")[0]
    return _NAMES.get(word, word.capitalize())


def mixed_scripts(label: str) -> tuple[str, ...]:
    """The scripts of a label that do not belong together, sorted; empty when all is well."""
    found = scripts_of(label)
    if len(found) < 2 or any(found <= allowed for allowed in _EAST_ASIAN):
        return ()
    return tuple(sorted(found))


def reads_as(label: str) -> str:
    """The ASCII name that a label looks like, or an empty text when it looks like none."""
    if label.isascii():
        return ""
    plain = label.lower().translate(_READS_AS)
    return plain if plain.isascii() else ""
