"""Looking into Cloudforce One: with a place of its own, and not too often for one person."""

import threading
import time
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from events.models import Throttle
from events.services import looking
from events.services.slots import Slots
from events.vetting import looks
from events.vetting.inquiry import Look
from tests.outbox.support import pass_time, send
from tests.vetting.support import form

URL = "/events/check/cloudflare/"


def asked(sandbox):
    return sum("/create" not in each.path for each in sandbox.requests)


def look_up(client, value, **fields):
    return client.post(URL, form(value, **{"tlp": "amber"} | fields)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_look_ups_leave_threads_for_other_peoples_pages(ana, sandbox, monkeypatch):
    monkeypatch.setattr(looking, "slots", Slots(2))
    under_way, most, lock = 0, 0, threading.Lock()
    pages = []

    def slow(texts, client):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(1)
        with lock:
            under_way -= 1
        return {text: Look() for text in texts}

    def one(client):
        pages.append(look_up(client, f"slow-{uuid4()}.ru"))
        connection.close()

    monkeypatch.setattr(looks, "inquire", slow)
    clients = [Client() for _ in range(6)]
    for client in clients:
        client.force_login(ana)
    threads = [threading.Thread(target=one, args=(client,)) for client in clients]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 2
    assert sum("Many requests to Cloudflare are under way" in page for page in pages) == 4


def test_one_person_cannot_use_up_the_api_by_look_ups(as_ana, as_ben, sandbox, monkeypatch):
    monkeypatch.setattr(looking, "LOOK_UPS_MOST", 3)
    pages = [look_up(as_ana, f"{uuid4()}.ru") for _ in range(4)]
    assert "You looked up values 3 times" not in pages[2]
    assert "You looked up values 3 times within five minutes. Go on at" in pages[3]
    before = asked(sandbox)
    look_up(as_ana, f"{uuid4()}.ru")
    assert asked(sandbox) == before
    assert "could not look" not in look_up(as_ben, f"{uuid4()}.ru")
    pass_time(minutes=6)
    assert "could not look" not in look_up(as_ana, f"{uuid4()}.ru")


def test_what_is_known_or_never_sent_counts_for_nothing(as_ana, sandbox):
    value = f"{uuid4()}.ru"
    for _ in range(3):
        look_up(as_ana, value)
        look_up(as_ana, value, tlp="red")
        look_up(as_ana, value, tlp="")
    assert Throttle.objects.get(key__startswith="look-up:").count == 1


def test_one_person_cannot_use_up_the_api_by_looking_again(
    as_ana, as_ben, ana, sandbox, monkeypatch
):
    monkeypatch.setattr(looking, "LOOKS_AGAIN_MOST", 3)
    url = f"/events/{send(ana).pk}/"
    for _ in range(4):
        as_ana.post(f"{url}look/")
    assert asked(sandbox) == 3
    assert "You looked at events 3 times within five minutes" in as_ana.get(url).content.decode()
    as_ben.post(f"{url}look/")
    assert asked(sandbox) == 4
