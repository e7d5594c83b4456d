"""Defanging and refanging: each way that people use, and that they are each other's inverse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.indicators import KINDS, defang, extract, normalise, refang
from tests.indicators.values import BY_KIND, KIND_AND_VALUE

WAYS = {
    "hxxp://bad.example": "http://bad.example",
    "hXXps://bad.example": "https://bad.example",
    "h**p://bad.example": "http://bad.example",
    "hxxps[:]//bad.example": "https://bad.example",
    "http[://]bad.example": "http://bad.example",
    "http[s]://bad.example": "https://bad.example",
    "meow://bad.example": "http://bad.example",
    "fxp://bad.example": "ftp://bad.example",
    "http:\\/\\/bad.example\\/a": "http://bad.example/a",
    "bad[.]example": "bad.example",
    "bad(.)example": "bad.example",
    "bad{.}example": "bad.example",
    "bad[dot]example": "bad.example",
    "bad(DOT)example": "bad.example",
    "bad [ . ] example": "bad.example",
    "bad dot example": "bad.example",
    "bad\\.example": "bad.example",
    "bad[.example": "bad.example",
    "bad.]example": "bad.example",
    "bad[.example]": "bad.example",
    "ｂａｄ．ｅｘａｍｐｌｅ": "bad.example",
    "bad\u200b.\u00adexample": "bad.example",
    "bad&#46;example": "bad.example",
    "bad。example": "bad.example",
    "me[at]bad[dot]example": "me@bad.example",
    "me(@)bad.example": "me@bad.example",
    "me [at] bad [dot] example": "me@bad.example",
    "2001[:]db8[:][:]1": "2001:db8::1",
    "192[.]0[.]2[.]1[:]443": "192.0.2.1:443",
    "192 dot 0 dot 2 dot 1": "192.0.2.1",
}
LEFT_ALONE = [
    "the dot com bubble",
    "hosted at noon",
    r"C:\Users\.ssh\config",
    r"HKCR\.exe",
    "fooDOTbar.exe and 0AT00.exe",
    "a list [a, b] and (c)",
    "Mozilla/5.0 (X11; Linux x86_64)",
]


@pytest.mark.parametrize(("written", "meant"), WAYS.items())
def test_every_known_way_of_defanging_is_undone(written, meant):
    assert refang(written) == meant


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_not_defanged_stays(text):
    assert refang(text) == text


@settings(deadline=None)
@given(KIND_AND_VALUE)
def test_refang_gives_back_what_defang_made(pair):
    kind, value = pair
    assert refang(defang(value, kind)) == value
    assert refang(defang(value)) == value


@settings(deadline=None)
@given(KIND_AND_VALUE)
def test_normal_values_are_their_own_normal_form(pair):
    kind, value = pair
    assert normalise(kind, value) == value
    assert normalise(kind, defang(value, kind)) == value


@settings(deadline=None)
@given(KIND_AND_VALUE.filter(lambda pair: pair[0] not in ("ja3", "imphash")))
def test_a_defanged_value_is_extracted_as_itself(pair):
    kind, value = pair
    assert [(row.kind, row.value) for row in extract(defang(value, kind)).rows] == [(kind, value)]


@settings(deadline=None)
@given(st.sampled_from(["domain", "url", "email", "ipv4"]).flatmap(BY_KIND.__getitem__))
def test_nothing_clickable_is_left(value):
    shown = defang(value)
    assert "://" not in shown
    assert "@" not in shown.replace("[@]", "")
    assert "." not in shown.replace("[.]", "")


def test_there_is_a_strategy_for_every_kind():
    assert set(BY_KIND) == set(KINDS)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refanged_and_read_without_an_error(text):
    refang(text)
    for row in extract(text).rows:
        assert normalise(row.kind, row.value) == row.value


SIGNS = (
    "a", " ", ".com", "[.]", "://", "hxxp", "http", "@", "[at]", "dot", "\\", "/", ":", "1.2.3.4",
    "C:\\", "HKLM\\", "mutex", "%", "(", ")", "{", "}", "]", "[", "\n", "\t", "|", ",", "AS1", "::",
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=40))
def test_any_pile_of_signs_is_read_without_an_error(pieces):
    text = "".join(pieces)
    for row in extract(text).rows:
        assert normalise(row.kind, row.value) == row.value
        assert row.seen in text
