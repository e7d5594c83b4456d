"""/events/new/ and /events/<uuid>/edit/: drafts, sending, refusals, other people's events."""

import json

import pytest

from events.models import State, Submission
from events.payload import canonical_bytes
from tests.forms.support import EXAMPLE, NEW, Page, press, rows

FULL = {
    "insight": "Likely phishing.\r\nSecond line.",
    "tags": "phishing, october,, phishing",
    "raw_data": '{"ticket": 7}',
    "raw_source": "mail gateway",
    "raw_tlp": "amber+strict",
}


def edit_url(submission):
    return f"/events/{submission.pk}/edit/"


def posted(action, **changes):
    return EXAMPLE | rows(("domain", "domain.com")) | changes | {"action": action}


def save(client, **changes):
    answer = client.post(NEW, posted("save", **changes))
    assert answer.status_code == 302
    return Submission.objects.get(pk=answer["Location"].split("/")[2])


def test_the_preview_is_exactly_what_is_sent(as_ana, sandbox):
    page = press(as_ana, **FULL, **rows(("domain", "a.example"), ("IP", "192.0.2.1")))
    (shown,) = page.tags("pre")
    as_ana.post(NEW, posted("send", **FULL, **rows(("domain", "a.example"), ("IP", "192.0.2.1"))))
    submission = Submission.objects.get()
    assert submission.state == State.CREATED
    assert canonical_bytes(json.loads(shown.text)) == bytes(submission.body)
    assert f"{len(submission.body)} bytes" in page.html


def test_what_was_typed_arrives_normalised(as_ana, sandbox):
    as_ana.post(NEW, posted("send", **FULL))
    (held,) = sandbox.ledger.events()
    sent = json.loads(bytes(Submission.objects.get().body))
    assert sent["insight"] == "Likely phishing.\nSecond line."
    assert sent["tags"] == ["phishing", "october"]
    assert sent["raw"]["data"]["ticket"] == 7
    assert sent["raw"]["tlp"] == "amber-strict"
    assert sent["indicator"] == "domain.com"
    assert "datasetId" not in sent
    assert held.uuid == Submission.objects.get().event_uuid


def test_the_text_to_send_for_a_label_can_be_set(as_ana, sandbox, settings):
    settings.TLP_WIRE = settings.TLP_WIRE | {"amber": "AMBER!"}
    page = press(as_ana)
    assert '"AMBER!"' in page.tags("pre")[0].text


def test_an_invalid_form_sends_nothing(as_ana, sandbox):
    page = press(as_ana, "send", tlp="")
    assert page.summary == ["TLP is required. Choose who may have this; there is no default."]
    assert not sandbox.requests
    assert not Submission.objects.exists()


def test_a_draft_holds_everything_and_is_sent_from_its_page(as_ana, sandbox):
    draft = save(as_ana, **FULL, indicator_text="evil[.]example", **rows(("x", "1"), ("", "")))
    assert draft.state == State.DRAFT
    page = Page(as_ana.get(edit_url(draft)))
    assert page.id("main").attrs["data-state"] == "draft"
    assert page.value("insight") == FULL["insight"]
    assert page.value("indicator_text") == "evil[.]example"
    assert page.rows == [("x", "1")]
    assert page.summary == []
    assert page.value("form_token") != EXAMPLE["form_token"]
    token = page.value("form_token")
    answer = as_ana.post(
        edit_url(draft), posted("send", form_token=token, version=str(draft.version))
    )
    assert answer["Location"] == f"/events/{draft.pk}/"
    draft.refresh_from_db()
    assert draft.state == State.CREATED


def test_a_refusal_stands_beside_the_field_that_it_names(as_ana, sandbox):
    draft = save(as_ana)
    problems = [
        {"message": "targetIndustry: unknown value 'Agriculture'", "code": 1001},
        {"message": "body.target_country is not supported", "code": None},
        {"message": "the event could not be created", "code": None},
        {"message": "indicators[0].value is malformed", "code": None},
        {"message": "raw.source is too long", "code": None},
    ]
    outcome = {"kind": "refused", "status": 400, "detail": "five", "problems": problems}
    Submission.objects.filter(pk=draft.pk).update(
        state=State.REJECTED, outcome=json.dumps(outcome), attempt=1
    )
    page = Page(as_ana.get(edit_url(draft)))
    assert page.id("main").attrs["data-state"] == "rejected"
    assert "Nothing was created" in page.id("problems-title").text
    assert page.summary[0] == "Cloudflare: targetIndustry: unknown value 'Agriculture' (code 1001)"
    assert len(page.summary) == 5
    assert "unknown value" in page.error("target_industry")
    assert "not supported" in page.error("target_country")
    assert "too long" in page.error("raw_source")
    assert "malformed" in page.id("id_indicators").text
    assert page.error("event") == ""


def test_a_refusal_without_details_is_still_told(as_ana, sandbox):
    draft = save(as_ana)
    outcome = {
        "kind": "refused",
        "status": 403,
        "detail": "The token may not write.",
        "problems": [],
    }
    Submission.objects.filter(pk=draft.pk).update(
        state=State.REJECTED, outcome=json.dumps(outcome), attempt=1
    )
    assert "The token may not write." in Page(as_ana.get(edit_url(draft))).id("problems").text


def test_a_draft_that_was_saved_elsewhere_is_not_overwritten_unasked(as_ana):
    draft = save(as_ana)
    stale = str(draft.version)
    as_ana.post(edit_url(draft), posted("save", event="From the other tab", version=stale))
    answer = as_ana.post(edit_url(draft), posted("save", event="From this tab", version=stale))
    page = Page(answer)
    assert page.status == 409
    assert "saved somewhere else" in page.id("problems").text
    assert page.value("event") == "From this tab"
    draft.refresh_from_db()
    assert draft.typed_values["event"] == "From the other tab"
    version = page.value("version")
    as_ana.post(edit_url(draft), posted("save", event="From this tab", version=version))
    draft.refresh_from_db()
    assert draft.typed_values["event"] == "From this tab"


def test_what_was_sent_cannot_be_edited(as_ana, sandbox):
    as_ana.post(NEW, posted("send"))
    sent = Submission.objects.get()
    assert as_ana.get(edit_url(sent))["Location"] == f"/events/{sent.pk}/"
    for action in ("send", "save"):
        answer = as_ana.post(
            edit_url(sent), posted(action, event="Changed", form_token=str(sent.pk))
        )
        assert answer.status_code in {302, 409}
    sent.refresh_from_db()
    assert sent.typed_values["event"] == EXAMPLE["event"]
    assert len(sandbox.ledger.events()) == 1


def test_a_draft_is_nobody_elses(as_ana, as_ben, as_otto):
    draft = save(as_ana)
    for client in (as_ben, as_otto):
        assert client.get(edit_url(draft)).status_code in {403, 404}
        assert client.post(edit_url(draft), posted("save")).status_code in {403, 404}


def test_a_refused_event_of_somebody_else_can_be_seen_but_not_edited(as_ana, as_ben):
    refused = save(as_ana)
    Submission.objects.filter(pk=refused.pk).update(state=State.REJECTED, attempt=1)
    assert as_ben.get(f"/events/{refused.pk}/").status_code == 200
    assert as_ben.get(edit_url(refused)).status_code == 403
    assert as_ben.post(edit_url(refused), posted("save", event="Ben's")).status_code == 403
    refused.refresh_from_db()
    assert refused.typed_values["event"] == EXAMPLE["event"]


def test_who_may_not_write_gets_no_form(as_otto, client):
    assert as_otto.get(NEW).status_code == 403
    assert as_otto.post(NEW, posted("send")).status_code == 403
    assert client.get(NEW)["Location"].startswith("/accounts/login/")


def test_a_script_gets_the_preview_alone(as_ana):
    headers = {"X-Part": "preview"}
    ready = as_ana.post(NEW, posted("preview"), headers=headers).content.decode()
    assert "<pre" in ready
    assert "<html" not in ready
    unready = as_ana.post(NEW, posted("preview", tlp="", date=""), headers=headers).content.decode()
    assert "Not ready to be sent" in unready
    assert "TLP is required" in unready


@pytest.mark.parametrize("action", ["enter", "preview", "parse", "add_row", "remove_row-0"])
def test_buttons_that_send_nothing_store_nothing(as_ana, sandbox, action):
    assert press(as_ana, action).status == 200
    assert not Submission.objects.exists()
    assert not sandbox.requests


def test_add_and_remove_row_without_scripts(as_ana):
    page = press(as_ana, "add_row", **rows(("domain", "a.example"), ("ip", "192.0.2.1")))
    assert page.rows == [("domain", "a.example"), ("ip", "192.0.2.1"), ("", "")]
    page = press(as_ana, "remove_row-0", **rows(*page.rows))
    assert page.rows == [("ip", "192.0.2.1"), ("", "")]
    page = press(as_ana, "remove_row-0", **rows(("ip", "192.0.2.1")))
    assert page.rows == [("", "")]


def test_enter_in_a_field_presses_a_button_that_sends_nothing(as_ana):
    form = Page(as_ana.get(NEW)).tags("form", **{"class_": "entry"})[0]
    first = next(e for e in form.inside if e.tag == "button")
    assert first.attrs["value"] == "enter"
