"""What is found in an entry, check by check."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from events import reference
from events.payload import Tlp
from events.reference import Category, Dataset
from events.vetting import Entry, Level

from .hostile import HOSTILE
from .support import NOW, codes, entry, payload, vet

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()
PUBLIC = Dataset("d-public", "Shared", is_public=True, writable=True)
PRIVATE = Dataset("d-private", "Ours", is_public=False, writable=True)


def known_lists():
    return replace(
        reference.load(),
        datasets=(PUBLIC, PRIVATE),
        categories=(Category("Phishing"), Category("Botnet")),
        industries=("Agriculture",),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.1.2.3", ["address.private"]),
        ("172.31.0.1", ["address.private"]),
        ("192.168.0.1", ["address.private"]),
        ("fd00::1", ["address.private"]),
        ("::ffff:10.0.0.1", ["address.private"]),
        ("10.0.0.1:8080", ["address.private"]),
        ("http://10.0.0.1/login", ["address.private"]),
        ("127.0.0.1", ["address.loopback"]),
        ("::1", ["address.loopback"]),
        ("169.254.10.1", ["address.link_local"]),
        ("fe80::1", ["address.link_local"]),
        ("224.0.0.251", ["address.multicast"]),
        ("ff02::1", ["address.multicast"]),
        ("192.0.2.7", ["address.documentation"]),
        ("2001:db8::7", ["address.documentation"]),
        ("240.0.0.1", ["address.reserved"]),
        ("100.64.0.1", ["address.shared"]),
        ("0.0.0.0", ["address.unspecified"]),
        ("10.0.0.0/24", ["cidr.special"]),
        ("45.0.0.0/8", ["cidr.wide"]),
        ("2a00::/16", ["cidr.wide"]),
        ("45.12.0.0/16", []),
        ("8.8.8.8", ["benign.resolver"]),
        ("2606:4700:4700::1111", ["benign.resolver"]),
        ("dns.quad9.net", ["benign.resolver"]),
        ("google.com", ["benign.domain"]),
        ("docs.google.com", ["benign.domain"]),
        ("https://docs.google.com/forms/d/e/evil", []),
        ("notgoogle.com", []),
        ("google.com.evil-site.ru", []),
        ("evil-site.ru", []),
        ("45.12.7.8", []),
        ("example.com", ["name.documentation"]),
        ("printer.local", ["name.special_use"]),
        ("pаypal-login.ru", ["name.mixed_scripts", "name.look_alike", "name.idn"]),
        ("xn--80ak6aa92e.com", ["name.look_alike", "name.idn"]),
        ("expyuzz4wqqyqhjnexpyuzz4wqqyqhjnexpyuzz4wqqyqhjnexpyuzz4.onion", []),
        ("evil-site[.]ru", ["value.defanged"]),
        ("hxxp://evil-site.ru/a", ["value.defanged"]),
        ("d41d8cd98f00b204e9800998ecf8427e", []),
        ("CVE-2021-44228", []),
        ("C:\\Users\\Public\\google.com", []),
    ],
)
def test_what_is_said_of_a_value(value, expected):
    found = vet(entry(value), NOBODY)
    assert sorted(codes(found)) == sorted(expected)
    assert all(finding.field == ("indicators", 0) for finding in found)


def test_a_finding_names_the_row_as_the_form_counts_it():
    found = vet(entry("evil-site.ru", "", "10.0.0.1"), NOBODY)
    assert [finding.field for finding in found] == [("indicators", 2)]


def test_a_file_name_is_not_taken_for_a_domain():
    assert vet(entry("google.com", kind="file_name"), NOBODY) == ()


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (timedelta(minutes=4), []),
        (timedelta(minutes=6), ["date.future"]),
        (timedelta(days=-3_640), []),
        (timedelta(days=-3_660), ["date.old"]),
    ],
)
def test_dates_ahead_and_long_ago(shift, expected):
    assert codes(vet(entry(date=NOW + shift), NOBODY)) == expected
    assert codes(vet(entry(date=(NOW + shift).replace(tzinfo=None)), NOBODY)) == expected


@pytest.mark.parametrize(
    ("tlp", "raw_tlp", "expected"),
    [
        (Tlp.AMBER, Tlp.RED, ["raw_tlp.stricter"]),
        (Tlp.AMBER, Tlp.CLEAR, ["raw_tlp.weaker"]),
        (Tlp.AMBER, Tlp.AMBER, []),
        (Tlp.AMBER, None, []),
        (None, Tlp.RED, []),
    ],
)
def test_the_raw_datas_label_against_the_events(tlp, raw_tlp, expected):
    found = vet(entry(tlp=tlp, raw_tlp=raw_tlp, dataset_id="d-private"), NOBODY, known_lists())
    assert codes(found) == expected


@pytest.mark.parametrize("tlp", list(Tlp))
@pytest.mark.parametrize("dataset", ["d-public", "d-private", "unlisted", ""])
def test_strict_labels_do_not_go_where_strangers_read(tlp, dataset):
    (*found,) = vet(entry(tlp=tlp, dataset_id=dataset), NOBODY, known_lists())
    is_blocked = tlp in {Tlp.RED, Tlp.AMBER_STRICT} and dataset != "d-private"
    assert codes(found) == (["tlp.public"] if is_blocked else [])
    assert all(f.level is Level.BLOCK and f.needs_reason for f in found)


def test_before_the_lists_were_fetched_a_strict_label_is_doubted_not_blocked():
    (found,) = vet(entry(tlp=Tlp.RED), NOBODY)
    assert (found.code, found.level) == ("tlp.dataset_unknown", Level.WARN)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"category": "Phishing", "industry": "Agriculture"}, []),
        ({"category": "phishing"}, ["category.unlisted"]),
        ({"category": "Fishing"}, ["category.unlisted"]),
        ({"industry": "Fishing"}, ["target_industry.unlisted"]),
    ],
)
def test_names_that_are_not_in_the_catalog(fields, expected):
    assert codes(vet(entry(**fields), NOBODY, known_lists())) == expected


def test_nothing_is_unlisted_while_the_built_in_names_stand_in():
    assert vet(entry(category="Fishing", industry="Fishing"), NOBODY) == ()


def test_the_spelling_of_the_catalog_is_offered():
    (found,) = vet(entry(category="phishing"), NOBODY, known_lists())
    assert found.advice == "Write Phishing."


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", ["", "domain", "ip", "url", "email", "\x00"])
def test_no_value_makes_the_checks_fail(ana, value, kind):
    vet(entry(value, kind=kind, category=value, industry=value, dataset_id=value), ana)


def test_a_blank_entry_says_nothing():
    assert vet(Entry(), NOBODY, known_lists()) == ()


def test_an_entry_of_a_payload_has_the_labels_that_were_sent(settings):
    settings.TLP_WIRE = settings.TLP_WIRE | {Tlp.AMBER_STRICT: "amber-strict"}
    made = Entry.of(payload("evil-site.ru", tlp="amber-strict"))
    assert made.tlp is Tlp.AMBER_STRICT
    assert made.rows == (("domain", "evil-site.ru"),)
    assert Entry.of(payload(tlp="something else")).tlp is Tlp.RED
