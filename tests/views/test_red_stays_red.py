"""F6: what is TLP:RED stays it on every way that its text travels, until a person chooses."""

import re
from importlib import import_module
from unittest.mock import patch

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from events import audit
from events.models import AuditEntry, EventTemplate, State, Submission, may_see_red
from events.outbox import freeze
from events.services import templates
from tests.conftest import make_user
from tests.forms.support import NEW, Page, press, rows
from tests.outbox.support import person
from tests.views.test_repetition import FULL, copy_of, enter

CANARY = "canary-7f3a91"
VALUE = "canary-7f3a91.example"
RED = {
    "event": f"Seen: {CANARY}",
    "insight": CANARY,
    "attacker": CANARY,
    "tags": CANARY,
    "raw_tlp": "",
}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_sue(db):
    """A superuser with the administrator's role, as `createsuperuser` and the README make one."""
    user = make_user("sue", "administrator")
    user.is_staff = user.is_superuser = True
    user.save()
    return client_of(user)


@pytest.fixture
def as_mona(db):
    """A plain administrator."""
    return client_of(make_user("mona", "administrator"))


def enter_red(client, **changes):
    return enter(client, indicators=[("domain", VALUE)], **RED | {"tlp": "red"} | changes)[1]


def save_template(client, page_url, name, whom=""):
    page = Page(client.get(page_url))
    names = ("event", "insight", "category", "was_red", "tlp", "raw_tlp")
    posted = {each: page.value(each) for each in names}
    return press(client, "save_template", template_name=name, template_for=whom, **posted)


# (a) copies


@pytest.mark.parametrize("way", ["copy", "context", "template", "template_of_copy"])
def test_f6_red_text_becomes_no_template_of_the_team_by_a_detour(as_ana, as_rita, sandbox, way):
    red = enter_red(as_ana)
    if way == "copy":
        url = f"/events/{copy_of(as_rita, red)[1].pk}/edit/"
    elif way == "context":
        url = f"{NEW}?like={red.pk}"
    else:
        start = f"{NEW}?like={red.pk}"
        if way == "template_of_copy":
            start = f"/events/{copy_of(as_rita, red)[1].pk}/edit/"
        assert save_template(as_rita, start, "Mine").summary == []
        url = f"{NEW}?template={EventTemplate.objects.get().pk}"
    page = save_template(as_rita, url, "Ours", "team")
    assert "TLP:RED" in page.summary[0]
    assert not EventTemplate.objects.filter(owner=None).exists()


def test_f6_a_copied_draft_counts_as_red_until_a_person_chooses(as_ana, as_rita, sandbox):
    page, draft = copy_of(as_rita, enter_red(as_ana))
    assert draft.tlp == "red"
    assert page.value("tlp") == ""
    assert page.value("was_red") == "1"
    assert "RED until you choose" in page.html
    assert AuditEntry.objects.get(object_id=str(draft.pk)).tlp == "red"


def test_f6_the_draft_remembers_it_though_the_form_forgets(as_ana, as_rita, sandbox):
    page, draft = copy_of(as_rita, enter_red(as_ana))
    posted = FULL | RED | rows(("domain", VALUE)) | {"tlp": "", "action": "save"}
    version = {"form_token": page.value("form_token"), "version": draft.version}
    as_rita.post(f"/events/{draft.pk}/edit/", posted | version)
    draft.refresh_from_db()
    assert draft.event == RED["event"]
    assert draft.was_red
    assert draft.tlp == "red"


def test_f6_a_copy_of_a_copy_is_red_too(as_ana, as_rita, sandbox):
    _, first = copy_of(as_rita, enter_red(as_ana))
    Submission.objects.filter(pk=first.pk).update(tlp="amber")
    _, second = copy_of(as_rita, first)
    assert second.was_red
    assert second.tlp == "red"


def test_f6_a_correction_of_what_was_red_is_red(as_ana, ana, sandbox):
    sandbox.behave("create", "drop-before", times=1)
    red = enter_red(as_ana)
    assert red.state == State.UNKNOWN
    Submission.objects.filter(pk=red.pk).update(state=State.REJECTED)
    answer = as_ana.post(f"/events/{red.pk}/correct/")
    draft = Submission.objects.get(pk=answer["Location"].split("/")[2])
    assert (draft.was_red, draft.tlp) == (True, "red")


def lower(client, draft, page, **more):
    posted = FULL | RED | rows(("domain", VALUE)) | {"tlp": "amber", "action": "send"}
    version = {"form_token": page.value("form_token"), "version": draft.version}
    return client.post(f"/events/{draft.pk}/edit/", posted | version | more)


def test_f6_a_weaker_label_takes_a_reason_and_the_reason_is_logged(as_ana, as_rita, sandbox):
    page, draft = copy_of(as_rita, enter_red(as_ana))
    refused = lower(as_rita, draft, page)
    assert refused.status_code == 409
    assert "copied from what is TLP:RED" in refused.content.decode()
    assert len(sandbox.ledger.events()) == 1
    draft.refresh_from_db()
    lower(as_rita, draft, page, override_reason="the names are out")
    draft.refresh_from_db()
    assert (draft.state, draft.tlp) == (State.CREATED, "amber")
    entry = AuditEntry.objects.get(object_id=str(draft.pk), action="submission.override")
    assert "tlp.lowered: the names are out" in entry.body


def test_f6_red_again_takes_no_reason(as_ana, as_rita, sandbox):
    page, draft = copy_of(as_rita, enter_red(as_ana, dataset_id=""))
    answer = lower(as_rita, draft, page, tlp="red")
    assert "copied from what is TLP:RED" not in answer.content.decode()


def test_f6_what_was_not_red_is_copied_without_further_ado(as_ana, as_ben, sandbox):
    _, sent = enter(as_ana)
    page, draft = copy_of(as_ben, sent)
    assert (draft.was_red, draft.tlp, page.value("was_red")) == (False, "", "")


def test_f6_a_personal_template_of_red_text_starts_a_red_form(as_ana, sandbox):
    press(as_ana, "save_template", template_name="Mine", tlp="red", event=CANARY)
    template = EventTemplate.objects.get()
    page = Page(as_ana.get(f"{NEW}?template={template.pk}"))
    assert page.value("was_red") == "1"
    assert AuditEntry.objects.get(action="template.saved").tlp == "red"
    press(as_ana, "save", was_red="1", template="Mine", event=CANARY, tlp="")
    assert Submission.objects.get().tlp == "red"


def test_f6_nobody_shares_red_text_past_the_form(rita):
    with pytest.raises(templates.NotSaved):
        templates.save(
            person=person(rita), name="x", typed={"event": CANARY, "was_red": "1"}, is_team=True
        )


# (b) two labels


@pytest.mark.parametrize(("tlp", "raw"), [("red", "green"), ("green", "red"), ("red", "red")])
def test_f6_the_stricter_label_decides_who_sees_an_event(as_ana, as_ben, sandbox, tlp, raw):
    red = enter_red(as_ana, tlp=tlp, raw_tlp=raw)
    assert red.state == State.CREATED
    assert red.tlp == "red"
    assert as_ben.get(f"/events/{red.pk}/").status_code == 404
    assert CANARY not in as_ben.get("/events/").content.decode()


def as_before(client, **changes):
    """An event as earlier versions sent it: the label of its raw data was nobody's."""
    with patch.object(freeze, "told_marking_of", return_value=None):
        return enter(client, indicators=[("domain", VALUE)], **RED | changes)[1]


def upgrade():
    import_module("events.migrations.0013_red_data").mark(apps, None)


@pytest.mark.parametrize("answer", ["ok", "400", "drop-before"])
def test_f6_red_data_of_before_is_hidden_from_the_upgrade_on(as_ana, as_ben, sandbox, answer):
    sandbox.behave("create", answer, times=1)
    old = as_before(as_ana, tlp="green", raw_tlp="red")
    assert as_ben.get(f"/events/{old.pk}/").status_code == 200
    upgrade()
    assert as_ben.get(f"/events/{old.pk}/").status_code == 404
    assert as_ben.post(f"/events/{old.pk}/duplicate/").status_code == 404
    assert as_ana.get(f"/events/{old.pk}/").status_code == 200
    assert audit.verify().is_whole


def test_f6_the_upgrade_leaves_every_other_label_as_it_was(as_ana, sandbox, monkeypatch):
    monkeypatch.setattr(import_module("events.migrations.0013_red_data"), "AT_ONCE", 2)
    labels = (("green", "amber"), ("green", ""), ("clear", "red"), ("amber", "clear"))
    old = [as_before(as_ana, tlp=tlp, raw_tlp=raw) for tlp, raw in labels]
    altered = as_before(as_ana, tlp="green", raw_tlp="red")
    Submission.objects.filter(pk=altered.pk).update(body=b"[" * 100_000)
    upgrade()
    found = [Submission.objects.get(pk=each.pk).tlp for each in [*old, altered]]
    assert found == ["green", "green", "red", "amber", "green"]


# (c) the log


def test_f6_what_was_refused_as_amber_and_sent_as_red_is_red_in_old_entries(
    as_ana, as_mona, as_otto, sandbox
):
    sandbox.behave("create", "400", times=1)
    _, sent = enter(as_ana, indicators=[("domain", VALUE)], **RED | {"tlp": "amber"})
    assert sent.state == State.REJECTED
    first = AuditEntry.objects.get(object_id=str(sent.pk), action="submission.frozen")
    page = reverse("admin:events_auditentry_change", args=[first.seq])
    assert CANARY in as_mona.get(page).content.decode()
    posted = FULL | RED | rows(("domain", VALUE)) | {"tlp": "red", "action": "send"}
    edit = f"/events/{sent.pk}/edit/"
    token = {"form_token": Page(as_ana.get(edit)).value("form_token"), "version": sent.version}
    as_ana.post(edit, posted | token)
    assert Submission.objects.get(pk=sent.pk).tlp == "red"
    assert CANARY not in as_mona.get(page).content.decode()
    assert CANARY in as_otto.get(page).content.decode()
    log = reverse("admin:events_auditentry_changelist")
    assert f"{first.seq}/change/" not in as_mona.get(log, {"q": VALUE}).content.decode()
    assert f"{first.seq}/change/" in as_otto.get(log, {"q": VALUE}).content.decode()


def test_f6_a_draft_that_is_red_by_now_is_red_in_the_log(as_ana, as_mona, sandbox):
    sandbox.behave("create", "429", times=1)
    _, sent = enter(as_ana, indicators=[("domain", VALUE)], **RED | {"tlp": "amber"})
    as_ana.post(f"/events/{sent.pk}/take-back/")
    Submission.objects.filter(pk=sent.pk).update(tlp="red")
    first = AuditEntry.objects.get(object_id=str(sent.pk), action="submission.frozen")
    page = reverse("admin:events_auditentry_change", args=[first.seq])
    assert CANARY not in as_mona.get(page).content.decode()
    log = reverse("admin:events_auditentry_changelist")
    assert f"{first.seq}/change/" not in as_mona.get(log, {"q": VALUE}).content.decode()


def test_f6_what_was_said_while_it_was_red_is_not_told_later(as_ana, as_ben, ana, sandbox):
    _, sent = enter(as_ana)
    said = audit.Fact(
        "submission.override", person(ana).actor, str(sent.pk), reason=CANARY, tlp="red"
    )
    audit.record(said)
    assert CANARY not in as_ben.get(f"/events/{sent.pk}/").content.decode()
    assert CANARY in as_ana.get(f"/events/{sent.pk}/").content.decode()


# (d) superusers


def test_f6_being_a_superuser_does_not_show_red(as_ana, as_sue, sandbox):
    red = enter_red(as_ana)
    assert as_sue.get(f"/events/{red.pk}/").status_code == 404
    assert CANARY not in as_sue.get("/events/").content.decode()
    entry = AuditEntry.objects.get(object_id=str(red.pk), action="submission.frozen")
    page = as_sue.get(reverse("admin:events_auditentry_change", args=[entry.seq]))
    assert CANARY not in page.content.decode()
    assert (
        "seen.here" not in as_sue.post("/events/check/", rows(("domain", VALUE))).content.decode()
    )


def test_f6_a_superuser_sees_red_by_a_role_or_a_right_that_was_given(as_ana, as_sue, sandbox):
    red = enter_red(as_ana)
    sue = User.objects.get(username="sue")
    assert not may_see_red(sue)
    sue.user_permissions.add(Permission.objects.get(codename="view_red"))
    assert as_sue.get(f"/events/{red.pk}/").status_code == 200
    answer = as_sue.post("/events/check/", rows(("domain", VALUE)))
    assert "seen.here" in answer.content.decode()


# The canary: every page, as everybody who may not see it, after it has travelled every way.


def travelled(as_ana, as_rita, sandbox):
    """RED text that was sent, refused first, copied, kept as a template, relabelled and altered."""
    sandbox.behave("create", "400", times=1)
    _, refused = enter(as_ana, indicators=[("domain", VALUE)], **RED | {"tlp": "amber"})
    edit = f"/events/{refused.pk}/edit/"
    posted = FULL | RED | rows(("domain", VALUE)) | {"tlp": "red", "action": "send"}
    token = {"form_token": Page(as_ana.get(edit)).value("form_token"), "version": refused.version}
    as_ana.post(edit, posted | token)
    red = enter_red(as_ana)
    enter_red(as_ana, tlp="green", raw_tlp="red")
    copy_of(as_rita, red)
    copy_of(as_ana, red)
    save_template(as_rita, f"{NEW}?like={red.pk}", f"Mine {CANARY}")
    press(as_ana, "save_template", template_name=f"Hers {CANARY}", tlp="red", event=CANARY)
    save_template(as_rita, f"/events/{copy_of(as_rita, red)[1].pk}/edit/", "Ours", "team")
    as_rita.post("/events/", {"q": CANARY})
    as_rita.post("/events/", {"q": VALUE})
    as_rita.get(reverse("admin:events_auditentry_changelist"), {"q": VALUE})


def pages():
    """Every address that a person without the right could open or ask, with what is posted."""
    for each in Submission.objects.all():
        for verb in ("", "edit/", "state/", "discard/"):
            yield f"/events/{each.pk}/{verb}", None
        yield f"{NEW}?like={each.pk}", None
        for verb in ("duplicate/", "correct/", "look/", "restore/", "take-back/", "check/"):
            yield f"/events/{each.pk}/{verb}", {"q": ""}
    for each in EventTemplate.objects.all():
        yield f"{NEW}?template={each.pk}", None
        yield f"/templates/{each.pk}/rename/", None
    for entry in AuditEntry.objects.all():
        yield reverse("admin:events_auditentry_change", args=[entry.seq]), None
    for url in ("/", "/events/", NEW, "/templates/", "/admin/", "/accounts/preferences/"):
        yield url, None
    yield reverse("admin:events_auditentry_changelist"), None
    yield "/admin/auth/user/", None
    yield "/events/check/", FULL | rows(("domain", VALUE[:8] + ".example"))
    for q in ("Seen", "evil.example"):
        yield "/events/", {"q": q}


PARTS = ("recent", "attackers", "tags")


@pytest.mark.parametrize("who", ["ben", "mona", "sue"])
def test_f6_the_canary_is_on_no_page_of_those_without_the_right(
    request, as_ana, as_rita, ben, as_mona, as_sue, sandbox, who
):
    travelled(as_ana, as_rita, sandbox)
    client = {"ben": client_of(ben), "mona": as_mona, "sue": as_sue}[who]
    leaks = []
    for url, posted in [*pages()]:
        answer = client.get(url) if posted is None else client.post(url, posted)
        if CANARY in answer.content.decode() or CANARY in str(answer.headers):
            leaks.append(url)
    for part in PARTS:
        if CANARY in client.get(NEW, headers={"X-Part": part}).content.decode():
            leaks.append(part)
    assert leaks == []
    # What a person asks for by itself is in the answer; that it is known here is not.
    for q in (CANARY, VALUE):
        assert found_by(client, q) == []
    looked = client.post("/events/check/", rows(("domain", VALUE)) | {"tlp": "green"})
    assert "seen.here" not in looked.content.decode()


def test_f6_the_canary_can_be_seen_by_those_with_the_right(as_ana, as_rita, sandbox):
    """Otherwise the crawl above would prove nothing."""
    travelled(as_ana, as_rita, sandbox)
    seen = [url for url, posted in [*pages()] if posted is None and shows(as_rita, url)]
    assert any("/admin/events/auditentry/" in url for url in seen)
    assert any(re.fullmatch(r"/events/[0-9a-f-]{36}/", url) for url in seen)
    assert "/events/" in seen
    assert len(found_by(as_rita, VALUE)) == 3


def shows(client, url):
    return CANARY in client.get(url).content.decode()


def found_by(client, q):
    answer = client.post("/events/", {"q": q})
    return [each.pk for each in answer.context["submissions"]] if answer.context else []
