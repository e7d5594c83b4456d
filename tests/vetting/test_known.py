"""The administrators' own list: what it does to entries, and how it is kept."""

import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from events.models import AuditEntry, KnownValue
from events.vetting import Level, known

from .hostile import HOSTILE
from .support import codes, entry, vet

NOBODY = AnonymousUser()
ADD = "/admin/events/knownvalue/add/"


def listed(match, value, level="inform", kind="known", **more):
    made = KnownValue(match=match, value=value, level=level, kind=kind, **more)
    made.full_clean()
    made.save()
    known.forget()
    return made


@pytest.mark.parametrize(
    ("match", "value", "typed", "is_found"),
    [
        ("domain", "*.Corp-Site.RU", "corp-site.ru", True),
        ("domain", "corp-site.ru", "vpn.corp-site.ru", True),
        ("domain", "corp-site.ru", "https://vpn.corp-site.ru/login", True),
        ("domain", "corp-site.ru", "boss@corp-site.ru", True),
        ("domain", "corp-site.ru", "vpn.corp-site.ru:8443", True),
        ("domain", "corp-site.ru", "notcorp-site.ru", False),
        ("domain", "corp-site.ru", "corp-site.ru.evil-site.ru", False),
        ("network", "45.12.0.0/16", "45.12.7.8", True),
        ("network", "45.12.0.0/16", "http://45.12.7.8/", True),
        ("network", "45.12.0.0/16", "45.12.7.0/24", True),
        ("network", "45.12.7.0/24", "45.12.0.0/16", True),
        ("network", "45.12.0.0/16", "45.13.0.1", False),
        ("network", "45.12.7.8", "45.12.7.8", True),
        ("network", "2a00:1::/32", "2a00:1::5", True),
        ("network", "0.0.0.0/0", "2a00:1::5", False),
        ("exact", "Global\\OurMutex", "global\\ourmutex", True),
        ("exact", "https://evil-site.ru/a", "hxxps://evil-site[.]ru/a", True),
        ("exact", "evil-site.ru", "www.evil-site.ru", False),
    ],
)
def test_what_an_entry_of_the_list_fits(db, match, value, typed, is_found):
    listed(match, value, kind="own")
    what = "value" if match == "exact" else match
    found = [code for code in codes(vet(entry(typed), NOBODY)) if code.startswith("own.")]
    assert found == ([f"own.{what}"] if is_found else [])


def test_the_narrowest_entry_counts(db):
    listed("domain", "corp-site.ru", level="block")
    listed("domain", "lab.corp-site.ru")
    assert [f.level for f in vet(entry("a.lab.corp-site.ru"), NOBODY)] == [Level.INFORM]
    assert [f.level for f in vet(entry("a.corp-site.ru"), NOBODY)] == [Level.BLOCK]
    listed("exact", "a.lab.corp-site.ru", level="block")
    assert [f.level for f in vet(entry("a.lab.corp-site.ru"), NOBODY)] == [Level.BLOCK]


def test_a_change_counts_at_the_next_look(db):
    def found():
        known.forget()
        return [finding.message for finding in vet(entry("corp-site.ru"), NOBODY)]

    shop = listed("domain", "corp-site.ru", note="our shop")
    assert "our shop" in found()[0]
    shop.active = False
    shop.save()
    assert found() == []
    shop.active = True
    shop.save()
    assert len(found()) == 1
    shop.delete()
    assert found() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_change_that_began_earlier_and_is_committed_later_counts_too():
    first, second = listed("domain", "a-site.ru"), listed("domain", "b-site.ru")
    saved, go = threading.Event(), threading.Event()

    def block():
        with transaction.atomic():
            entry = KnownValue.objects.get(pk=first.pk)
            entry.level = "block"
            entry.save()
            saved.set()
            go.wait(5)
        connection.close()

    thread = threading.Thread(target=block)
    thread.start()
    assert saved.wait(5)
    second.note = "changed meanwhile"
    second.save()
    known.forget()
    assert known.load().domains["a-site.ru"].level == "inform"
    go.set()
    thread.join()
    known.forget()
    assert known.load().domains["a-site.ru"].level == "block"


def test_a_save_of_one_field_counts_too(db):
    shop = listed("domain", "corp-site.ru")
    assert known.load().domains
    shop.active = False
    shop.save(update_fields=["active"])
    known.forget()
    assert known.load().domains == {}


@pytest.mark.parametrize("match", KnownValue.Match.values)
@pytest.mark.parametrize("value", HOSTILE)
def test_whatever_is_listed_checks_go_on(db, match, value):
    made = KnownValue(match=match, value=value, level="block")
    try:
        made.full_clean()
    except ValidationError:
        return
    made.save()
    known.forget()
    vet(entry("evil-site.ru", "45.12.7.8", value), NOBODY)


def test_an_administrator_keeps_the_list_and_the_log_says_so(as_adam, adam):
    fields = {"value": " *.Corp-Site.ru", "match": "domain", "kind": "own", "level": "block"}
    as_adam.post(ADD, fields | {"note": "ours", "active": "on"})
    made = KnownValue.objects.get()
    assert (made.value, made.added_by) == ("corp-site.ru", adam)
    assert [f.level for f in vet(entry("vpn.corp-site.ru"), adam)] == [Level.BLOCK]

    page = f"/admin/events/knownvalue/{made.pk}/"
    as_adam.post(page + "change/", fields | {"note": "ours", "level": "inform", "active": "on"})
    as_adam.post(page + "delete/", {"post": "yes"})
    assert not KnownValue.objects.exists()
    assert vet(entry("vpn.corp-site.ru"), adam) == ()
    rows = AuditEntry.objects.filter(action__startswith="known_value.").order_by("seq")
    assert [row.action.partition(".")[2] for row in rows] == ["added", "changed", "deleted"]
    assert "own domain corp-site.ru block: ours" in rows[1].body
    assert all(row.actor == "adam" for row in rows)


@pytest.mark.parametrize(
    ("match", "value", "sentence"),
    [
        ("network", "10.0.0.0/99", "This is not an address or network"),
        ("domain", "no domain", "cannot be part of a host name"),
        ("exact", "   ", "This field is required"),
    ],
)
def test_a_value_that_cannot_be_compared_is_refused_in_words(as_adam, match, value, sentence):
    answer = as_adam.post(ADD, {"value": value, "match": match, "kind": "own", "level": "block"})
    assert sentence in answer.content.decode()
    assert not KnownValue.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [("ana", 403), ("rita", 403), ("otto", 403), ("adam", 200)]
)
def test_who_opens_the_list(request, who, status):
    client = request.getfixturevalue(f"as_{who}")
    assert client.get("/admin/events/knownvalue/", follow=True).status_code == status
