"""Raw data: which texts are a JSON map, in the style of JSONTestSuite (y accepts, n refuses)."""

import json

import pytest

from tests.forms.support import press

ACCEPTED = {
    "empty": "",
    "blank": " \r\n\t",
    "empty map": "{}",
    "nested": '{"a": {"b": [1, 2.5, null, true, "x"]}}',
    "largest exact integer": '{"a": 9007199254740991}',
    "negative": '{"a": -9007199254740991}',
    "exponent": '{"a": 1e5, "b": 1E-2}',
    "minus zero": '{"a": -0}',
    "escapes": r'{"a": "\"\\\/\b\f\n\r\t"}'.replace("\\b\\f", ""),
    "surrogate pair": r'{"a": "\ud83d\ude00"}',
    "unicode key": '{"ключ": "значение"}',
    "space around": ' \n{ "a" : 1 }\n ',
    "depth 32": '{"a":' + "[" * 31 + "]" * 31 + "}",
    "empty key": '{"": 0}',
}
REFUSED = {
    "array": "[1]",
    "string": '"x"',
    "number": "1",
    "null": "null",
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": Infinity}',
    "minus Infinity": '{"a": -Infinity}',
    "1e999": '{"a": 1e999}',
    "-1e999": '{"a": -1e999}',
    "5,000 digits": '{"a": ' + "9" * 5000 + "}",
    "5,000 digits and a point": '{"a": ' + "9" * 5000 + ".5}",
    "beyond exact integers": '{"a": 9007199254740993}',
    "depth 100,000 of arrays": '{"a":' + "[" * 100_000,
    "depth 100,000 of maps": '{"a":' * 100_000,
    "depth 33": '{"a":' + "[" * 32 + "]" * 32 + "}",
    "NUL in the text": '{"a": "\x00"}',
    "NUL escaped": r'{"a": "\u0000"}',
    "lone surrogate": r'{"a": "\ud800"}',
    "lone surrogate in a key": r'{"\udfff": 1}',
    "reversed surrogates": r'{"a": "\ude00\ud83d"}',
    "bidi escaped": r'{"a": "\u202e"}',
    "trailing comma": '{"a": 1,}',
    "single quotes": "{'a': 1}",
    "comment": '{"a": 1} // x',
    "two maps": "{} {}",
    "unclosed": '{"a": "x',
    "unquoted key": "{a: 1}",
    "hexadecimal": '{"a": 0x1}',
    "leading zero": '{"a": 01}',
    "leading plus": '{"a": +1}',
    "bare point": '{"a": .5}',
    "bad escape": r'{"a": "\x41"}',
    "raw newline in a string": '{"a": "x\ny"}',
    "byte order mark": "\ufeff{}",
    "key twice": '{"a": 1, "a": 2}',
    "too large": '{"a": "' + "x" * 300_000 + '"}',
    "colon twice": '{"a":: 1}',
    "no value": '{"a":}',
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(as_ana, case):
    page = press(as_ana, raw_data=ACCEPTED[case])
    assert page.error("raw_data") == ""
    assert page.summary == []


@pytest.mark.parametrize("case", REFUSED)
def test_refused_beside_the_field_with_the_text_kept(as_ana, case):
    page = press(as_ana, "send", raw_data=REFUSED[case])
    assert page.status == 200
    assert len(page.error("raw_data")) > 20
    assert len(page.error("raw_data")) < 400
    assert page.value("raw_data") == REFUSED[case]


def test_what_is_accepted_arrives_unchanged(as_ana):
    text = ACCEPTED["nested"]
    page = press(as_ana, raw_data=text)
    (shown,) = page.tags("pre")
    assert (
        json.loads(shown.text)["raw"]["data"] | json.loads(text)
        == json.loads(shown.text)["raw"]["data"]
    )
