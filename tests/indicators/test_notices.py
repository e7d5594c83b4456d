"""What an analyst is told about a value before it is sent, without looking anywhere."""

import pytest

from events.indicators import normalise, warnings_for

CODES = {
    ("ipv4", "8.8.8.8"): set(),
    ("ipv4", "10.1.2.3"): {"ip.private"},
    ("ipv4", "172.31.0.1"): {"ip.private"},
    ("ipv4", "172.32.0.1"): set(),
    ("ipv4", "127.0.0.1"): {"ip.loopback"},
    ("ipv4", "0.0.0.0"): {"ip.unspecified"},
    ("ipv4", "169.254.1.1"): {"ip.link_local"},
    ("ipv4", "224.0.0.251"): {"ip.multicast"},
    ("ipv4", "198.51.100.7"): {"ip.documentation"},
    ("ipv4", "100.64.0.1"): {"ip.shared"},
    ("ipv4", "240.0.0.1"): {"ip.reserved"},
    ("ipv6", "2606:4700::1111"): set(),
    ("ipv6", "::1"): {"ip.loopback"},
    ("ipv6", "fd00::1"): {"ip.private"},
    ("ipv6", "2001:db8::1"): {"ip.documentation"},
    ("ipv6", "ff02::1"): {"ip.multicast"},
    ("cidr", "45.9.148.0/24"): set(),
    ("cidr", "45.0.0.0/8"): {"cidr.wide"},
    ("cidr", "10.0.0.0/8"): {"cidr.wide", "cidr.special"},
    ("cidr", "2a00::/12"): {"cidr.wide"},
    ("domain", "bad-host.com"): set(),
    ("domain", "www.example.com"): {"name.documentation"},
    ("domain", "bad.example"): {"name.special_use"},
    ("domain", "dc01.corp.local"): {"name.special_use"},
    ("domain", "bad.nosuchsuffix"): {"name.not_public"},
    ("domain", "münchen.de"): {"name.idn"},
    ("domain", "pаypal.com"): {"name.idn", "name.mixed_scripts", "name.look_alike"},
    ("domain", "аррӏе.com"): {"name.idn", "name.look_alike"},
    ("domain", "пример.рф"): {"name.idn"},
    ("url", "http://10.0.0.1:8080/a"): {"ip.private"},
    ("url", "http://user@[::1]/"): {"ip.loopback"},
    ("url", "https://bad-host.com/10.0.0.1"): set(),
    ("email", "me@127.example"): {"name.special_use"},
    ("btc", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"): set(),
    ("btc", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"): {"btc.checksum"},
    ("sha256", "0" * 64): set(),
    ("mutex", "a\u202eb"): set(),
}


@pytest.mark.parametrize(("pair", "codes"), CODES.items())
def test_a_value_is_warned_of_by_code_and_sentence(pair, codes):
    kind, typed = pair
    notices = warnings_for(kind, normalise(kind, typed))
    assert {notice.code for notice in notices} == codes
    assert all(notice.text.endswith(".") for notice in notices)


def test_the_name_that_a_look_alike_reads_as_is_told():
    texts = [notice.text for notice in warnings_for("domain", normalise("domain", "аррӏе.com"))]
    assert any("reads like “apple”" in text for text in texts)


def test_invisible_characters_in_a_value_are_told():
    assert {notice.code for notice in warnings_for("mutex", "a\u202eb")} == {"text.hidden"}
