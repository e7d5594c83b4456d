"""One typed value: its kind, its normal form, and the sentence when it has none."""

import hashlib

import pytest

from events.indicators import KINDS, api_type, detect, label, normalise

MD5 = hashlib.md5(b"x").hexdigest()
DETECTED = {
    "bad[.]example": ("domain", "bad.example"),
    "HXXPS://Bad.Example/Path": ("url", "https://bad.example/Path"),
    "192.0.2.1": ("ipv4", "192.0.2.1"),
    "1.2.3.0": ("ipv4", "1.2.3.0"),
    "2001:DB8:0:0::1": ("ipv6", "2001:db8::1"),
    "192.0.2.0/25": ("cidr", "192.0.2.0/25"),
    "me[at]bad.example": ("email", "me@bad.example"),
    MD5.upper(): ("md5", MD5),
    "as13335": ("asn", "AS13335"),
    "cve-2021-44228": ("cve", "CVE-2021-44228"),
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": ("btc", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    "t13d1516h2_8daaf6152771_b186095e22b6": ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6"),
    r"HKLM:\Software\Evil Corp": ("registry_key", r"HKLM\Software\Evil Corp"),
    r"C:\Program Files\Evil Corp\x y.exe": ("file_path", r"C:\Program Files\Evil Corp\x y.exe"),
    "invoice march.pdf.exe": ("file_name", "invoice march.pdf.exe"),
    r"Global\Lock": ("mutex", r"Global\Lock"),
    "fs01.corp.local": ("domain", "fs01.corp.local"),
    "  'bad.example',  ": ("domain", "bad.example"),
}
REFUSED = {
    ("domain", "example"): "write it in full",
    ("domain", "bad_.com/"): "cannot be part of a host name",
    ("ipv4", "192.0.2.256"): "at most 255",
    ("ipv4", "192.0.2"): "four numbers",
    ("ipv6", "2001:db8:::1"): "2001:db8::1",
    ("cidr", "192.0.2.0"): "192.0.2.0/24",
    ("cidr", "192.0.2.0/33"): "192.0.2.0/24",
    ("url", "bad.example"): "https://example.com/path",
    ("email", "bad.example"): "a@example.com",
    ("md5", MD5[:-1]): "has 31",
    ("sha256", "xyz"): "only the digits",
    ("ja4", "t13"): "t13d1516h2",
    ("asn", "AS4294967296"): "AS13335",
    ("cve", "CVE-21-1"): "CVE-2021-44228",
    ("btc", "0xabc"): "begins with 1, 3 or bc1",
    ("file_path", "a.exe"): "File name",
    ("file_name", r"C:\a.exe"): "File path",
    ("registry_key", r"Software\Evil"): "HKLM",
    ("mutex", " "): "Write a value",
    ("mutex", "a\x00b"): "control characters",
    ("campaign", "x" * 3000): "at most 2,048",
}


@pytest.mark.parametrize(("typed", "expected"), DETECTED.items())
def test_a_typed_value_is_recognised(typed, expected):
    row = detect(typed)
    assert (row.kind, row.value) == expected


@pytest.mark.parametrize("typed", ["", "hello", "two words", "\x00", "a" * 5000])
def test_what_is_nothing_known_has_no_kind_and_says_why(typed):
    row = detect(typed)
    assert row.kind == ""
    assert row.doubt


@pytest.mark.parametrize(("pair", "part"), REFUSED.items())
def test_a_wrong_value_is_refused_with_what_to_write(pair, part):
    with pytest.raises(ValueError, match=part.replace("[", r"\[")):
        normalise(*pair)


def test_a_kind_of_the_account_s_own_list_is_free_text():
    assert normalise("campaign", "  Operation  X ") == "Operation  X"
    assert (label("campaign"), api_type("campaign")) == ("campaign", "campaign")


def test_the_account_s_spelling_of_a_type_wins():
    assert api_type("domain") == "domain"
    assert api_type("domain", ["DOMAIN", "IP"]) == "DOMAIN"
    assert api_type("ipv6", ["DOMAIN", "IP"]) == "IP"
    assert api_type("sha256", ["JA3", "HASH"]) == "HASH"
    assert api_type("user_agent", ["User-Agent"]) == "User-Agent"


def test_every_kind_has_a_label_and_a_name_for_the_api():
    assert all(kind.label and kind.api_name and kind.key == key for key, kind in KINDS.items())
