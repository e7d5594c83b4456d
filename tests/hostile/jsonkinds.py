"""Texts that are JSON, are not, or may be either: the kinds of Nicolas Seriot's JSONTestSuite.

Made here by kind, as its names tell them: `y_` has to be read, `n_` must not be, `i_` is up to the
reader. A value that stands alone is a text of its own; most are also put into a map.
"""

from itertools import chain

_NUMBERS_YES = ("0", "-0", "1", "-1", "123", "20e1", "1E22", "1E-2", "1E+2", "123e45", "123.456789")
_NUMBERS_YES += ("0e+1", "0e1", "1e-2", "-123", "1.5", "-0.000000000000000000000000000000000001")
_NUMBERS_NO = ("++1234", "+1", "+Inf", "-01", "-1.0.", "-2.", "-NaN", ".-1", ".2e-3", "0.1.2")
_NUMBERS_NO += ("0.3e+", "0.3e", "0.e1", "0E+", "0E", "0e+", "0e", "1.0e+", "1.0e-", "1.0e", "1 00")
_NUMBERS_NO += ("1eE2", "2.e+3", "2.e-3", "2.e3", "9.e+", "Inf", "NaN", "Infinity", "-Infinity")
_NUMBERS_NO += ("\uff11", "1+2", "0x1", "0x42", "-foo", "- 1", "-012", "-.123", "-1x", "1ea")
_NUMBERS_NO += ("1.2a-3", "1.8011670033376514H-308", "012", "-", "1e1\xe5", "0\xe5", "1_000")
_NUMBERS_MAYBE = ("123.456e78", "0.4e0066999999999999999999999999999999999999999999999999")
_NUMBERS_MAYBE += ("-1e+9999", "1.5e+9999", "-123123e100000", "123123e100000", "123e-10000000")
_NUMBERS_MAYBE += ("-123123123123123123123123123123", "100000000000000000000", "-2374623746732768")
_NUMBERS_MAYBE += ("9" * 5_000, "1" + "0" * 400 + ".0", "1e-999", "9007199254740993")

_STRINGS_YES = ("", "a", "\\u0060\\u012a\\u12AB", "\\uD801\\udc37", "\\ud83d\\ude39\\ud83d\\udc8d")
_STRINGS_YES += ('\\"\\\\\\/\\b\\f\\n\\r\\t', "\\\\u0000", '\\"', "a/*b*/c/*d//e", "\\\\a", "\\n")
_STRINGS_YES += (
    "\\u0012",
    "\\uFFFF",
    "\uffff",
    "asd ",
    "\U0010ffff",
    "\\uDBFF\\uDFFF",
    "new\xa0line",
)
_STRINGS_YES += ("\u2028", "\u2029", "\u0821", "\\u005C", "\\u0022", "\x7f", "\u2342\u3678", "π")
_STRINGS_YES += ("\\uFDD0", "\\u200B", "\\u2064", "\\uD83F\\uDFFE", "€𝄞", "\\u0061\\u30af\\u30EA")
_STRINGS_NO = ("\\uD800\\", "\\uD800\\u", "\\uD800\\u1", "\\uD800\\u1x", "\\x00", "\\\\\\", "\\\t")
_STRINGS_NO += (
    "\\🌀",
    "\\",
    "\\u00A",
    "\\uD834\\uDd",
    "\\uD800\\uD800\\x",
    "\\a",
    "\\uqqqq",
    "a\x00a",
)
_STRINGS_NO += ("new\nline", "\t", "\\u", "\x1f", "\\'", "\\U0001F600")
_STRINGS_MAYBE = (
    "\\uDADA",
    "\\uD888\\u1234",
    "\\uD800\\n",
    "\\uDd1ea",
    "\\uD800\\uD800\\n",
    "\\ud800",
)
_STRINGS_MAYBE += ("\\ud800abc", "\\uDd1e\\uD834", "\\uDFAA", "\\u0000")

_VALUES_YES = (
    "[]",
    "{}",
    "null",
    "true",
    "false",
    "[[]   ]",
    '[""]',
    '["a"]',
    "[false]",
    "[null, 1]",
)
_VALUES_YES += ("[1\n]", " [1]", "[1,null,null,null,2]", "[2] ", '{"asd":"sdf", "dfg":"fgh"}')
_VALUES_YES += ('{"a":"b"}', '{"":0}', '{"foo\\u0000bar": 42}', '{"a":[]}', '{\n"a": "b"\n}')
_VALUES_YES += (
    '{"min": -1.0e+28, "max": 1.0e+28}',
    '{"x":[{"id": "%s"}]}' % ("x" * 40),
    "\t{}\r\n ",
)
_VALUES_NO = (
    "[1 true]",
    '["": 1]',
    '[""],',
    "[,1]",
    "[1,,2]",
    '["x",,]',
    '["x"]]',
    '["",]',
    '["x"',
)
_VALUES_NO += (
    "[x",
    "[3[4]]",
    "[1:2]",
    "[,]",
    "[-]",
    "[   , ",
    "[1,]",
    "[1,,]",
    "[*]",
    '[""',
    "[1,",
)
_VALUES_NO += ("[1,\n1\n,1", "[{}", "[fals]", "[nul]", "[tru]", '{"x", null}', '{"x"::"b"}', "{🇨🇭}")
_VALUES_NO += ('{"a":"a" 123}', "{key: 'value'}", '{"a" b}', '{:"b"}', '{"a" "b"}', '{"a":', '{"a"')
_VALUES_NO += ("{1:1}", "{9999E9999:1}", "{null:null,null:null}", '{"id":0,,,,,}', "{'a':0}", "{")
_VALUES_NO += ('{"id":0,}', '{"a":"b"}/**/', '{"a":"b"}/**//', '{"a":"b"}//', '{"a":"b"}/', "[][]")
_VALUES_NO += ('{"a":"b",,"c":"d"}', '{a: "b"}', '{"a":"a', '{ "foo" : "bar", "a" }', '{"a":"b"}#')
_VALUES_NO += (
    " ",
    "",
    "<.>",
    "[<null>]",
    "[1]x",
    "[1]]",
    '["asd]',
    "aå",
    "[True]",
    "1]",
    '{"x": true,',
)
_VALUES_NO += ("[][]", "]", "[", "[\x0c]", '{"":', '{"a":/*comment*/"b"}', '{"a": true} "x"', "[',")
_VALUES_NO += ('[",', "[{", '["a', '["a"', "{,", "{]", "{[", "{'a'", '{"a":"b"}#{}', "['", "*", "&")
_VALUES_NO += ('[\\u000A""]', "[1", "[ false, nul", "[ true, fals", "[ false, tru", '{"asd":"asd"')
_VALUES_NO += (
    "\u2060[]",
    "undefined",
    "None",
    "[\u00a0]",
    "{\x00}",
    "'a'",
    "#",
    "/",
    "NaN",
    "Infinity",
)
# Read or refused, but read as one thing alone if so.
_VALUES_MAYBE = ('{"a":"b","a":"c"}', '{"a":"b","a":"b"}', '{"a":0, "a":-0}')

DEEP = 100_000
_DEEP = ("[" * DEEP, '[{"":' * DEEP, '{"a":' * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "}")
_MAYBE_DEEP = tuple("[" * depth + "]" * depth for depth in (500, 990, 1_000, 10_000))


def _named(sign: str, kind: str, texts: tuple[str, ...]) -> dict[str, bytes]:
    return {f"{sign}_{kind}_{number}": text.encode() for number, text in enumerate(texts)}


def _strings(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f'["{text}"]' for text in texts)


def _numbers(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"[{text}]" for text in texts)


# Bytes that are not UTF-8, or not UTF-8 alone.
_BYTES = {
    "n_bytes_lone_e5": b"[\xe5]",
    "n_bytes_in_number": b"[123\xe5]",
    "n_bytes_in_string": b'["\xff"]',
    "n_bytes_overlong_slash": b'["\xc0\xaf"]',
    "n_bytes_overlong_6": b'["\xfc\x83\xbf\xbf\xbf\xbf"]',
    "n_bytes_beyond_unicode": b'["\xf4\xbf\xbf\xbf"]',
    "n_bytes_surrogate": b'["\xed\xa0\x80"]',
    "n_bytes_truncated": b'["\xe0\xff"]',
    "n_bytes_iso_latin_1": b'["\xe9"]',
    "n_bytes_incomplete_bom": b"\xef\xbb{}",
    "n_bytes_utf_16_bom_only": "\ufeff".encode("utf-16-le"),
    "i_bytes_utf_16_le": '["é"]'.encode("utf-16-le"),
    "i_bytes_utf_16_be": '["é"]'.encode("utf-16-be"),
    "i_bytes_utf_16_with_bom": '{"a": "é"}'.encode("utf-16"),
    "i_bytes_utf_32": '{"a": 1}'.encode("utf-32"),
    "i_bytes_utf_8_bom": b"\xef\xbb\xbf{}",
    "i_bytes_nul_around": b"\x00{}\x00",
}

KINDS: dict[str, bytes] = dict(
    chain.from_iterable(
        part.items()
        for part in (
            _named("y", "number", _numbers(_NUMBERS_YES)),
            _named("n", "number", _numbers(_NUMBERS_NO)),
            _named("i", "number", _numbers(_NUMBERS_MAYBE)),
            _named("y", "string", _strings(_STRINGS_YES)),
            _named("n", "string", _strings(_STRINGS_NO)),
            _named("i", "string", _strings(_STRINGS_MAYBE)),
            _named("y", "value", _VALUES_YES),
            _named("n", "value", _VALUES_NO),
            _named("i", "value", _VALUES_MAYBE),
            _named("n", "deep", _DEEP[:3]),
            _named("i", "deep", _DEEP[3:4] + _MAYBE_DEEP),
            _named("n", "unbalanced", _DEEP[4:]),
            _BYTES,
        )
    )
)
