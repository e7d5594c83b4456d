"""F7: who saw what is RED of others, searched, downloaded or was denied stands in the log."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError

from events import audit, clock
from events.audit import find
from events.models import AuditAttachment, AuditEntry, Submission, Throttle
from events.services import evidence, throttle
from events.vetting import there
from events.vetting.inquiry import Look, Sighting
from tests.forms.support import NEW, press
from tests.vetting.support import form, sent

LIST = "/admin/events/auditentry/"


def logged(action):
    """The entries of an action, as (who, of what, outcome, label)."""
    rows = AuditEntry.objects.filter(action=action).order_by("seq")
    return list(rows.values_list("actor", "object_id", "outcome", "tlp"))


@pytest.fixture
def red(ana):
    return sent(ana, "evil.example", tlp="red", event="RED-TEXT", body=b"{}")


@pytest.fixture
def no_log(monkeypatch):
    """A database that is full: whatever is appended is refused."""

    def full(*_):
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(audit, "record", full)


def test_f7_seeing_red_of_others_is_an_entry(red, as_rita):
    assert as_rita.get(f"/events/{red.pk}/").status_code == 200
    assert logged("submission.viewed") == [("rita", str(red.pk), "ok", "red")]


@pytest.mark.parametrize("way", ["discard", "like", "duplicate"])
def test_f7_so_is_every_other_way_to_its_text(red, as_rita, way):
    if way == "duplicate":
        as_rita.post(f"/events/{red.pk}/duplicate/")
    else:
        as_rita.get(f"{NEW}?like={red.pk}" if way == "like" else f"/events/{red.pk}/discard/")
    assert logged("submission.viewed") == [("rita", str(red.pk), "ok", "red")]


def test_f7_looking_on_is_one_entry_for_a_while(red, as_rita, as_otto, monkeypatch):
    for _ in range(3):
        as_rita.get(f"/events/{red.pk}/")
        as_rita.get(f"/events/{red.pk}/state/")
    as_rita.get(f"/events/{red.pk}/", REMOTE_ADDR="198.51.100.7")
    as_otto.get(f"/events/{red.pk}/")
    monkeypatch.setattr(evidence, "WINDOW", timedelta(0))
    as_rita.get(f"/events/{red.pk}/")
    assert [who for who, *_ in logged("submission.viewed")] == ["rita", "rita", "otto", "rita"]


def test_f7_one_s_own_and_what_is_not_red_writes_nothing(red, ana, as_ana, as_rita):
    amber = sent(ana, "other.example")
    as_ana.get(f"/events/{red.pk}/")
    as_rita.get(f"/events/{amber.pk}/")
    as_ana.get("/events/")
    as_rita.get("/")
    assert not AuditEntry.objects.exists()


def test_f7_a_list_names_the_red_events_that_it_shows(red, ana, as_rita, as_ana):
    sent(ana, "other.example")
    as_rita.get("/events/")
    as_rita.get("/events/")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.tlp) == ("events.listed", "red")
    assert AuditAttachment.objects.get(entry=entry).content == f'["{red.pk}"]'


def test_f7_who_saw_it_is_not_in_the_events_own_timeline(red, as_rita, as_ana):
    as_rita.get(f"/events/{red.pk}/")
    assert "rita" not in as_ana.get(f"/events/{red.pk}/").content.decode()


def test_f7_without_evidence_there_is_no_view(red, as_rita, no_log):
    for answer in (
        as_rita.get(f"/events/{red.pk}/"),
        as_rita.get("/events/"),
        as_rita.get(f"/events/{red.pk}/discard/"),
        as_rita.get(f"{NEW}?like={red.pk}"),
        as_rita.post("/events/", {"q": "RED-TEXT"}),
        as_rita.get(LIST, {"q": "evil.example"}),
    ):
        assert answer.status_code == 503
        assert "RED-TEXT" not in answer.content.decode()
        assert "So it is not shown" in answer.content.decode()


def test_f7_what_is_not_red_is_shown_without_it(ana, as_rita, no_log):
    amber = sent(ana, "other.example", body=b"{}")
    assert as_rita.get(f"/events/{amber.pk}/").status_code == 200
    assert as_rita.get("/events/").status_code == 200


def test_f7_a_search_is_an_entry_that_is_found_by_its_indicator(as_ana, as_otto):
    as_ana.post("/events/", {"q": "hxxp://evil[.]example/a seen"})
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.tlp) == ("events.searched", "ana", "red")
    assert "evil" not in entry.body
    assert AuditAttachment.objects.get().content == "hxxp://evil[.]example/a seen"
    wanted = find.Wanted(search="http://evil.example/a", is_red_visible=True)
    assert [row.seq for row in find.page(wanted).rows] == [entry.seq]
    wanted = find.Wanted(search="http://evil.example/a", is_red_visible=False)
    assert find.page(wanted).rows == []


def test_f7_a_search_of_the_log_is_an_entry_and_does_not_find_itself(as_otto):
    page = as_otto.get(LIST, {"q": "evil.example"})
    assert logged("audit.searched") == [("otto", "", "ok", "red")]
    assert "No entry fits" in page.content.decode()
    as_otto.get(LIST, {"q": "evil.example"})
    as_otto.get(LIST, {"q": "evil.example", "oldest": "1"})
    assert len(logged("audit.searched")) == 1


@pytest.mark.parametrize("more", ["oldest=", "before=x", "after=", "oldest=1&after=x"])
def test_f7_a_search_of_the_log_is_an_entry_on_whatever_page_it_is_asked(as_otto, more):
    assert as_otto.get(f"{LIST}?q=evil.example&{more}").status_code == 200
    assert logged("audit.searched") == [("otto", "", "ok", "red")]


def test_f7_red_events_that_a_search_finds_are_named(red, as_rita):
    as_rita.post("/events/", {"q": "evil.example"})
    assert AuditAttachment.objects.get(entry__action="events.listed").content == f'["{red.pk}"]'


@pytest.mark.parametrize("url", ["/events/check/", NEW])
def test_f7_so_are_those_that_the_checks_find(red, ana, as_rita, as_ana, url):
    sent(ana, "other.example")
    for _ in range(3):
        page = as_rita.post(url, form("evil.example", "other.example"))
        assert str(red.pk) in page.content.decode()
    as_ana.post(url, form("evil.example"))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.tlp) == ("events.listed", "rita", "red")
    assert AuditAttachment.objects.get(entry=entry).content == f'["{red.pk}"]'


@pytest.mark.parametrize("url", ["/events/check/", NEW])
def test_f7_what_the_checks_found_is_not_told_without_evidence_and_the_text_stays(
    red, as_rita, no_log, url
):
    page = as_rita.post(url, form("evil.example", "10.0.0.1", event="MY TEXT")).content.decode()
    assert str(red.pk) not in page
    assert "the audit log takes nothing right now" in page
    assert "address.private" in page or "private" in page
    assert url != NEW or "MY TEXT" in page


def test_f7_a_look_up_at_cloudflare_is_an_entry_that_is_found_by_each_value(as_rita, sandbox):
    values = [f"evil{number}.example" for number in range(12)]
    for _ in range(2):
        as_rita.post("/events/check/cloudflare/", form(*values, tlp="amber"))
    assert logged("cloudflare.searched") == [("rita", "", "ok", "amber")]
    entry = AuditEntry.objects.get()
    assert AuditAttachment.objects.get().content == "\n".join(values)
    assert [row.seq for row in find.page(find.Wanted(search="evil11.example")).rows] == [entry.seq]


def test_f7_nothing_is_looked_up_without_evidence(as_rita, sandbox, no_log):
    page = as_rita.post("/events/check/cloudflare/", form("evil.example", tlp="amber"))
    assert "Not looked up: the audit log takes nothing right now." in page.content.decode()
    assert not sandbox.requests


@pytest.mark.parametrize("tlp", ["", "red"])
def test_f7_what_is_not_looked_up_is_no_entry(as_rita, sandbox, tlp):
    as_rita.post("/events/check/cloudflare/", form("evil.example", tlp=tlp))
    assert not AuditEntry.objects.exists()


def test_f7_red_events_that_a_look_up_leads_to_are_named(red, as_rita, monkeypatch):
    uuid = str(uuid4())
    Submission.objects.filter(pk=red.pk).update(event_uuid=uuid)
    found = Look(sightings=(Sighting(uuid, "red", "2026-11-01T00:00:00Z", "", "evil.example"),))
    monkeypatch.setattr(there, "look_for", lambda texts, *_: dict.fromkeys(texts, found))
    page = as_rita.post("/events/check/cloudflare/", form("evil.example", tlp="amber"))
    assert str(red.pk) in page.content.decode()
    assert AuditAttachment.objects.get(entry__action="events.listed").content == f'["{red.pk}"]'


def test_f7_a_download_is_an_entry(as_ana):
    answer = press(as_ana, "download", tlp="red")
    assert answer.status == 200
    ((who, _, outcome, tlp),) = logged("submission.downloaded")
    assert (who, outcome, tlp) == ("ana", "ok", "red")


def test_f7_a_download_that_cannot_be_logged_is_refused_and_the_text_stays(as_ana, no_log):
    page = press(as_ana, "download", event="MY TEXT")
    assert page.status == 503
    assert page.value("event") == "MY TEXT"


def test_f7_an_object_that_is_not_for_somebody_is_a_denial(red, as_ben, as_rita, ana):
    draft = sent(ana, state="draft")
    for url in (f"/events/{red.pk}/", f"/events/{draft.pk}/edit/", f"{NEW}?like={red.pk}"):
        assert as_ben.get(url).status_code == 404
    press(as_rita, "save_template", template_name="Hers")
    template = AuditEntry.objects.get(action="template.saved").object_id
    assert as_ben.get(f"{NEW}?template={template}").status_code == 404
    assert as_ben.post(f"/templates/{template}/delete/").status_code == 404
    assert [object_id for _, object_id, *_ in logged("access.denied")] == [
        *(str(red.pk), str(draft.pk), str(red.pk), template, template)
    ]
    assert {who for who, *_ in logged("access.denied")} == {"ben"}


def test_f7_what_does_not_exist_is_no_denial(as_ben, red):
    for url in (f"/events/{uuid4()}/", "/nowhere", f"{NEW}?like=x", f"{NEW}?template={uuid4()}"):
        assert as_ben.get(url).status_code == 404
    assert not AuditEntry.objects.exists()
    assert not Throttle.objects.exists()


def test_f7_denials_that_repeat_are_summed_up(red, as_ben, monkeypatch):
    for _ in range(101):
        as_ben.get(f"/events/{red.pk}/")
    assert len(logged("access.denied")) == 3
    assert "100 times since " in AuditEntry.objects.latest("seq").body
    monkeypatch.setattr(evidence, "WINDOW", timedelta(0))
    as_ben.get(f"/events/{red.pk}/")
    assert len(logged("access.denied")) == 4


def test_f7_a_flood_of_different_denials_is_bounded(as_ben):
    for number in range(evidence.DENIED_MOST + 60):
        as_ben.get(f"/admin/events/knownvalue/{number}/change/")
    assert len(logged("access.denied")) == evidence.DENIED_MOST + 1
    assert "100 denials of this kind since" in AuditEntry.objects.latest("seq").body


def test_f7_noise_hides_no_denial_of_another_kind(red, as_ben):
    for number in range(evidence.DENIED_MOST + 1):
        as_ben.get(f"{LIST}{number}/change/")
    assert as_ben.get(f"/events/{red.pk}/").status_code == 404
    assert logged("access.denied")[-1] == ("ben", str(red.pk), "denied", "red")


def test_f7_old_counters_of_denials_are_swept_away(red, as_ben):
    as_ben.get(f"/events/{red.pk}/")
    old = clock.now() - throttle.KEPT - timedelta(minutes=1)
    Throttle.objects.update(since=old)
    as_ben.get("/admin/")
    assert not Throttle.objects.filter(since__lte=old).exists()


@pytest.mark.parametrize("verb", ["decide", "take-back", "discard", "correct", "restore"])
def test_f7_an_act_that_is_denied_names_its_event(red, as_rita, verb):
    answer = as_rita.post(f"/events/{red.pk}/{verb}/", {"action": "absent", "reason": "x"})
    assert answer.status_code == 403
    assert ("rita", str(red.pk), "denied", "red") in logged("access.denied")


@pytest.mark.parametrize("action", ["save", "send"])
def test_f7_so_does_a_form_with_the_token_of_an_event_of_others(red, as_ben, action):
    fields = form("x.example", kind="domain", tlp="green", form_token=str(red.pk), action=action)
    fields |= {"category": "x", "event": "x", "raw_tlp": "green", "date": "2026-11-01 00:00"}
    assert as_ben.post(NEW, fields).status_code == 403
    assert logged("access.denied") == [("ben", str(red.pk), "denied", "red")]


def test_f7_a_denial_stands_though_it_cannot_be_logged(red, as_ben, monkeypatch):
    def full(*_):
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(audit, "append", full)
    assert as_ben.get(f"/events/{red.pk}/").status_code == 404
    assert as_ben.get("/admin/").status_code == 403


def test_f7_reading_changes_nothing_but_the_log_and_the_counters(red, as_rita, as_ben):
    before = list(Submission.objects.values())
    for client in (as_rita, as_ben):
        client.get(f"/events/{red.pk}/")
        client.get("/events/")
    assert list(Submission.objects.values()) == before
