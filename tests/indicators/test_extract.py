"""Rows as a reviewer sees them: folded, counted, limited, doubtful ones with their reason."""

import hashlib

import pytest

from events.indicators import extract
from tests.indicators.hostile import SHAPES

MD5 = hashlib.md5(b"sample").hexdigest()
GENEROUS_SECONDS = 1.0  # tens of milliseconds on an idle machine; a runaway takes minutes


def only(text):
    rows = extract(text).rows
    assert len(rows) == 1, rows
    return rows[0]


def test_the_same_value_in_any_spelling_is_one_row_with_a_count():
    row = only("Bad.Example, bad[.]example and hxxp is not it; BAD.EXAMPLE.")
    assert (row.kind, row.value, row.count, row.seen) == ("domain", "bad.example", 3, "Bad.Example")


def test_each_row_knows_how_it_was_written():
    written = ["ｂａｄ[.]example", "hxxps[:]//x\u200b.bad(dot)example/a", "me [at] bad dot example"]
    text = f"First {written[0]} &amp; {written[1]}, then {written[2]}\nand so on."
    rows = extract(text).rows
    assert [row.seen for row in rows] == written
    assert [row.value for row in rows] == [
        "bad.example",
        "https://x.bad.example/a",
        "me@bad.example",
    ]


def test_rows_come_in_the_order_of_their_first_appearance():
    values = [row.value for row in extract("192.0.2.9 b.example a.example 192.0.2.9").rows]
    assert values == ["192.0.2.9", "b.example", "a.example"]


def test_rows_beyond_the_limit_are_counted_not_kept():
    extraction = extract("a.example b.example c.example c.example d.example", limit=2)
    assert [row.value for row in extraction.rows] == ["a.example", "b.example"]
    assert (extraction.dropped, extraction.found) == (2, 5)


def test_32_hex_digits_may_be_md5_or_ja3_unless_the_text_says():
    assert only(MD5).doubt == "32 hex digits may be an MD5 or a JA3"
    assert only(MD5).alternatives == ("ja3", "imphash")
    assert (only(f"md5: {MD5}").kind, only(f"md5: {MD5}").doubt) == ("md5", "")
    assert only(f"JA3 fingerprint {MD5}").kind == "ja3"
    assert only(f"family,ja3\nTrickbot,{MD5}").kind == "ja3"


def test_a_name_that_may_be_a_file_or_a_domain_offers_both():
    row = only("backup.zip")
    assert (row.kind, row.alternatives, row.doubt) == (
        "file_name",
        ("domain",),
        "may be a domain",
    )
    assert only("the domain setup.sh resolves").kind == "domain"
    assert only("ran the script setup.sh").kind == "file_name"
    assert only("backup[.]zip").kind == "domain"


def test_look_alikes_are_flagged_and_shown_in_both_spellings():
    row = only("pаypal.com")
    assert row.doubt == "mixes Cyrillic and Latin letters"
    assert (row.value, row.ascii, row.display) == (
        "xn--pypal-4ve.com",
        "xn--pypal-4ve.com",
        "pаypal.com",
    )


def test_a_port_is_split_off_an_address():
    assert only("192.0.2.1:8080").value == "192.0.2.1"
    assert only("[2001:db8::1]:443").value == "2001:db8::1"
    assert only("bad.example:8443").value == "bad.example"


def test_a_network_written_by_one_of_its_addresses_says_so():
    row = only("192.0.2.77/24")
    assert (row.kind, row.value) == ("cidr", "192.0.2.0/24")
    assert row.doubt == "192.0.2.77/24 lies inside this network"


@pytest.mark.parametrize("name", SHAPES)
def test_hostile_text_is_read_in_time(name, deadline):
    with deadline(GENEROUS_SECONDS):
        extract(SHAPES[name])


def test_ten_thousand_indicators_are_read_in_time(deadline):
    text = "\n".join(f"host{number}[.]bad-{number * 7919}[.]example" for number in range(10_000))
    with deadline(10.0):
        extraction = extract(text)
    assert len(extraction.rows) == 10_000
