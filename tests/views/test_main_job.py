"""The main job over HTTP: enter, send, see the event as returned, find it in the log."""

import re
import threading

import pytest
import requests
from django.urls import reverse

from events import clock
from events.models import AuditEntry, Heartbeat, State, Submission
from tests.desk import Desk, hidden

EXAMPLE = {
    "category": "Domain Resolution",
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "insight": "",
    "tlp": "amber",
    "attacker": "Flying Yeti",
    "attacker_country": "CN",
    "target_country": "US",
    "target_industry": "Agriculture",
    "dataset_id": "",
    "tags": "",
    "raw_data": "{}",
    "raw_source": "",
    "raw_tlp": "",
    "indicator_text": "",
    "indicators-TOTAL_FORMS": "1",
    "indicators-INITIAL_FORMS": "0",
    "indicators-0-indicator_type": "domain",
    "indicators-0-value": "domain.com",
    "action": "send",
}


def form(client, **changes):
    page = client.get(reverse("event_new")).content.decode()
    return EXAMPLE | {"form_token": hidden(page, "form_token")} | changes


def state(page):
    return re.search(r'<main[^>]*data-state="(\w+)"', page)[1]


def test_the_reference_example_from_form_to_answer(as_ana, sandbox):
    answer = as_ana.post(reverse("event_new"), form(as_ana), follow=True)

    page = answer.content.decode()
    submission = Submission.objects.get()
    assert state(page) == "created"
    assert submission.event_uuid in page
    assert "attackerCountryAlpha3" in page
    assert "CHN" in page
    for name in ("killChain", "mitreAttack", "mitreCapec", "rawId"):
        assert name in page
    (held,) = sandbox.ledger.events(str(submission.pk))
    assert held.uuid == submission.event_uuid


def test_loading_the_page_again_sends_nothing(as_ana, sandbox):
    as_ana.post(reverse("event_new"), form(as_ana))
    page = reverse("event_detail", args=[Submission.objects.get().pk])
    for _ in range(3):
        assert as_ana.get(page).status_code == 200
    assert len([r for r in sandbox.requests if r.method == "POST"]) == 1


def test_a_refusal_comes_back_to_the_form_with_the_words_beside_the_field(as_ana, sandbox):
    sandbox.behave("create", "400", times=1)
    answer = as_ana.post(reverse("event_new"), form(as_ana), follow=True)
    page = answer.content.decode()
    assert state(page) == "rejected"
    assert "An attacker registered the domain domain.com" in page
    assert answer.redirect_chain[-1][0].endswith("/edit/")
    again = EXAMPLE | {"form_token": hidden(page, "form_token")}
    mended = as_ana.post(answer.redirect_chain[-1][0], again, follow=True)
    assert state(mended.content.decode()) == "created"


@pytest.mark.parametrize("behaviour", ["hang-after", "drop-after", "500-after"])
def test_an_unknown_outcome_says_so_and_is_not_resent(as_ana, sandbox, behaviour):
    sandbox.behave("create", behaviour)
    posted = form(as_ana)
    page = as_ana.post(reverse("event_new"), posted, follow=True).content.decode()
    assert state(page) == "unknown"
    assert "We do not know yet" in page
    assert "Do not type it again" in page
    as_ana.post(reverse("event_new"), posted, follow=True)
    assert len([r for r in sandbox.requests if r.method == "POST"]) == 1


def test_a_closed_api_means_waiting_with_the_time_of_the_next_try(as_ana, sandbox):
    sandbox.stop()
    answer = as_ana.post(reverse("event_new"), form(as_ana), follow=True)
    page = answer.content.decode()
    assert state(page) == "ready"
    assert "delivery worker is not running" in page
    assert "It is tried again at" not in page
    Heartbeat.objects.create(pk=1, at=clock.now())
    page = as_ana.get(answer.redirect_chain[-1][0]).content.decode()
    assert "It is tried again at" in page


def test_a_reader_sees_of_others_what_was_sent_but_no_drafts_and_no_red(
    as_ana, as_ben, as_rita, sandbox
):
    as_ana.post(reverse("event_new"), form(as_ana, tlp="red", event="CANARY-RED"))
    as_ana.post(reverse("event_new"), form(as_ana, event="CANARY-DRAFT", action="save"))
    as_ana.post(reverse("event_new"), form(as_ana, event="CANARY-AMBER"))
    listed = {who: who.get(reverse("events")).content.decode() for who in (as_ana, as_ben, as_rita)}

    assert all(name in listed[as_ana] for name in ("CANARY-RED", "CANARY-DRAFT", "CANARY-AMBER"))
    assert "CANARY-AMBER" in listed[as_ben]
    assert "CANARY-RED" not in listed[as_ben]
    assert "CANARY-DRAFT" not in listed[as_ben]
    assert "CANARY-RED" in listed[as_rita]
    for name in ("CANARY-RED", "CANARY-DRAFT"):
        pk = Submission.objects.get(event=name).pk
        for url in ("event_detail", "event_edit", "event_state", "event_discard"):
            assert as_ben.get(reverse(url, args=[pk])).status_code == 404


def test_extra_keys_change_nothing(as_ana, ben, sandbox):
    extra = {"state": "created", "author": ben.pk, "event_uuid": "x", "id": "x", "body": "x"}
    as_ana.post(reverse("event_new"), form(as_ana, **extra))
    submission = Submission.objects.get()
    assert submission.author_name == "ana"
    assert submission.event_uuid != "x"
    assert submission.state == State.CREATED


def test_home_lists_what_waits_the_urgent_first(as_ana, sandbox):
    sandbox.behave("create", "500-after", times=1)
    as_ana.post(reverse("event_new"), form(as_ana, event="UNKNOWN-ONE"))
    as_ana.post(reverse("event_new"), form(as_ana, event="DRAFT-ONE", action="save"))
    page = as_ana.get("/").content.decode()
    assert page.index("UNKNOWN-ONE") < page.index("DRAFT-ONE")


def test_home_tells_a_newcomer_what_to_do(as_ana):
    assert "Enter an event" in as_ana.get("/").content.decode()


def test_one_who_runs_away_is_told_when_to_go_on_and_keeps_the_text(as_ana, sandbox, settings):
    settings.SEND_LIMIT = 2
    for _ in range(2):
        as_ana.post(reverse("event_new"), form(as_ana))
    answer = as_ana.post(reverse("event_new"), form(as_ana, event="KEPT-TEXT"))
    page = answer.content.decode()
    assert answer.status_code == 429
    assert "Go on at" in page
    assert "KEPT-TEXT" in page
    assert len([r for r in sandbox.requests if r.method == "POST"]) == 2


@pytest.mark.slow
def test_fifty_parallel_posts_of_one_form_make_one_post():
    with Desk() as desk:
        ana = desk.sign_in("analyst")
        page = ana.get(f"{desk.url}/events/new/").text
        data = EXAMPLE | {
            "form_token": hidden(page, "form_token"),
            "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
        }
        cookies, statuses = ana.cookies.get_dict(), []
        gate = threading.Barrier(50)

        def post():
            gate.wait()
            answer = requests.post(f"{desk.url}/events/new/", data=data, cookies=cookies)
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=post) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 50
        assert len(desk.sandbox.ledger.events()) == 1
        assert len([r for r in desk.sandbox.requests if r.method == "POST"]) == 1


def test_denials_are_logged_with_who_and_what(as_otto, otto):
    assert as_otto.get(reverse("event_new")).status_code == 403
    entry = AuditEntry.objects.get(action="access.denied")
    assert entry.actor == "otto"
    assert entry.outcome == "denied"
    assert "/events/new/" in entry.body


def test_a_draft_that_was_taken_back_and_changed_shows_no_old_text_as_what_will_be_sent(
    as_ana, sandbox
):
    sandbox.stop()
    as_ana.post(reverse("event_new"), form(as_ana, event="Old text"))
    submission = Submission.objects.get()
    page = reverse("event_detail", args=[submission.pk])
    assert "As it will be sent" in as_ana.get(page).content.decode()

    edit = as_ana.post(reverse("event_take_back", args=[submission.pk]), follow=True)
    changed = EXAMPLE | {"form_token": hidden(edit.content.decode(), "form_token")}
    changed |= {"event": "New text", "action": "save"}
    as_ana.post(reverse("event_edit", args=[submission.pk]), changed)
    for action in ("", "discard", "restore"):
        if action:
            as_ana.post(reverse(f"event_{action}", args=[submission.pk]))
        shown = as_ana.get(page).content.decode()
        assert "Not sent yet" in shown
        assert "New text" in shown
        assert "Old text" not in shown


def test_a_refused_event_that_was_discarded_shows_what_was_refused(as_ana, sandbox):
    sandbox.behave("create", "400", times=1)
    as_ana.post(reverse("event_new"), form(as_ana, event="Refused text"))
    pk = Submission.objects.get().pk
    as_ana.post(reverse("event_discard", args=[pk]))
    page = as_ana.get(reverse("event_detail", args=[pk])).content.decode()
    assert "As it was sent" in page and "Refused text" in page
