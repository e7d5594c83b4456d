"""One value: what it is taken for, and which spellings are the same."""

import pytest

from events.payload.values import value_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EVIL.example.ORG", "evil.example.org."),
        ("evil.example.org", "evil[.]example[.]org"),
        ("https://Evil.example.org", "HTTPS://evil.example.org/"),
        ("hxxps://evil.example.org/a", "https://evil.example.org/a"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7/32", "198.51.100.7"),
        ("198.51.100.9/24", "198.51.100.0/24"),
        ("D41D8CD98F00B204E9800998ECF8427E", " d41d8cd98f00b204e9800998ecf8427e "),
        ("münchen.example.org", "xn--mnchen-3ya.example.org"),
        ("Bob@Example.org", "bob@example.org"),
    ],
)
def test_spellings_of_one_thing_are_found_by_one_key(one, other):
    assert value_of("", one).key == value_of("", other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://evil.example.org/A", "https://evil.example.org/a"),
        ("http://evil.example.org/", "https://evil.example.org/"),
        ("evil.example.org", "evil.example.org:8443"),
        ("198.51.100.7", "198.51.100.0/24"),
        ("evil.example.org", "www.evil.example.org"),
    ],
)
def test_different_things_have_different_keys(one, other):
    assert value_of("", one).key != value_of("", other).key


@pytest.mark.parametrize(
    ("kind", "text", "host"),
    [
        ("url", "https://user:pw@Evil.example.org:8080/a?b=c", "evil.example.org"),
        ("url", "http://[2001:db8::1]:80/", "2001:db8::1"),
        ("email", "a.b@evil.example.org", "evil.example.org"),
        ("ip", "198.51.100.7:443", "198.51.100.7"),
        ("ip", "[2001:db8::1]:443", "2001:db8::1"),
        ("domain", "evil.example.org", "evil.example.org"),
        ("file_name", "invoice.com", ""),
        ("user_agent", "curl/8.4.0", ""),
        ("mutex", "Global\\evil.example.org", ""),
        ("", "CVE-2021-44228", ""),
        ("", "C:\\Temp\\a.exe", ""),
    ],
)
def test_the_host_that_a_value_leads_to(kind, text, host):
    assert value_of(kind, text).host == host
