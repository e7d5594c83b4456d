"""Fast repetition over HTTP: duplicating an event, and sending one after the other."""

import json

import pytest
from django.test import Client

from events.models import AuditEntry, State, Submission
from tests.forms.support import EXAMPLE, NEW, Page, press, rows

FULL = EXAMPLE | {
    "insight": "Second stage seen.",
    "tags": "phishing, october",
    "raw_data": '{"ticket": 7}',
    "raw_source": "mail gateway",
    "raw_tlp": "green",
    "account_id": "123456",
    "source_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "source_title": "A report",
}
CONTEXT = (
    "category",
    "attacker",
    "attacker_country",
    "target_country",
    "target_industry",
    "dataset_id",
    "tags",
    "account_id",
    "source_id",
    "source_title",
)
COPIED = (*CONTEXT, "date", "event", "insight", "raw_source")


TWO = (("domain", "a.example"), ("ip", "192.0.2.1"))


def enter(client, action="send", indicators=TWO, **changes):
    token = Page(client.get(NEW)).value("form_token")
    posted = FULL | rows(*indicators) | changes | {"action": action, "form_token": token}
    answer = client.post(NEW, posted)
    return answer, Submission.objects.get(pk=token)


def duplicate(client, submission):
    return client.post(f"/events/{submission.pk}/duplicate/")


def copy_of(client, submission):
    """The form of the draft that duplicating made, and the draft."""
    answer = duplicate(client, submission)
    assert answer.status_code == 302
    draft = Submission.objects.get(pk=answer["Location"].split("/")[2])
    return Page(client.get(answer["Location"])), draft


def has_button(client, submission):
    return "Copy into a new draft" in client.get(f"/events/{submission.pk}/").content.decode()


def test_a_duplicate_is_a_draft_with_the_same_text_and_no_tlp(as_ana, sandbox):
    _, sent = enter(as_ana)
    page, draft = copy_of(as_ana, sent)
    assert (sent.state, draft.state, draft.author_name) == ("created", "draft", "ana")
    assert draft.pk != sent.pk
    for name in COPIED:
        assert page.value(name) == FULL[name], name
    assert page.rows == [*TWO]
    assert page.value("tlp") == page.value("raw_tlp") == draft.tlp == ""
    assert "TLP is not copied" in page.html
    assert page.value("form_token") != FULL["form_token"]
    assert not draft.body
    assert (draft.event_uuid, draft.answer, draft.outcome, draft.attempt) == ("", "", "{}", 0)
    assert len(sandbox.ledger.events()) == 1


def test_duplicating_is_in_the_log(as_ana, sandbox):
    _, sent = enter(as_ana)
    _, draft = copy_of(as_ana, sent)
    entry = AuditEntry.objects.get(object_id=str(draft.pk))
    assert (entry.action, entry.actor) == ("submission.drafted", "ana")


@pytest.mark.parametrize("own", [True, False])
def test_a_duplicate_can_be_made_of_the_frozen_bytes_alone(as_ana, as_ben, sandbox, own):
    _, sent = enter(as_ana)
    if own:
        Submission.objects.filter(pk=sent.pk).update(typed="{}")
    page, _ = copy_of(as_ana if own else as_ben, sent)
    for name in COPIED:
        assert page.value(name) == FULL[name], name
    assert json.loads(page.value("raw_data")) == {"ticket": 7}
    assert page.rows == [*TWO]
    assert page.value("tlp") == ""


def test_one_indicator_of_the_frozen_bytes_is_one_row(as_ana, as_ben, sandbox):
    _, sent = enter(as_ana, indicators=[("domain", "b.example")])
    assert copy_of(as_ben, sent)[0].rows == [("domain", "b.example")]


def test_what_the_author_typed_after_a_refusal_is_not_copied_by_others(as_ana, as_ben, sandbox):
    sandbox.behave("create", "400", times=1)
    _, refused = enter(as_ana)
    secret = FULL | {"event": "CANARY-NOT-SENT", "action": "save", "version": refused.version}
    refused.refresh_from_db()
    as_ana.post(f"/events/{refused.pk}/edit/", secret | {"version": refused.version})
    refused.refresh_from_db()
    assert refused.typed_values["event"] == "CANARY-NOT-SENT"
    page, _ = copy_of(as_ben, refused)
    assert "CANARY" not in page.html
    assert page.value("event") == FULL["event"]
    assert copy_of(as_ana, refused)[0].value("event") == "CANARY-NOT-SENT"


def test_who_may_not_see_it_may_not_duplicate_it(as_ana, as_ben, as_rita, sandbox):
    _, red = enter(as_ana, tlp="red")
    _, draft = enter(as_ana, action="save")
    assert duplicate(as_ben, red).status_code == duplicate(as_ben, draft).status_code == 404
    assert duplicate(as_rita, draft).status_code == 404
    assert copy_of(as_rita, red)[1].author_name == "rita"
    assert copy_of(as_ana, draft)[1].author_name == "ana"


def test_who_may_not_write_has_no_button_and_is_refused(as_ana, as_otto, as_ben, sandbox):
    _, sent = enter(as_ana)
    assert has_button(as_ben, sent)
    assert not has_button(as_otto, sent)
    assert duplicate(as_otto, sent).status_code == 403
    assert Submission.objects.count() == 1


def test_duplicating_takes_a_post_with_its_token(as_ana, ana, sandbox):
    _, sent = enter(as_ana)
    assert as_ana.get(f"/events/{sent.pk}/duplicate/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    assert duplicate(strict, sent).status_code == 403
    assert Submission.objects.count() == 1


def test_send_another_keeps_the_context_and_nothing_else(as_ana, sandbox):
    answer, sent = enter(as_ana, action="send_another")
    assert sent.state == State.CREATED
    assert answer["Location"] == f"{NEW}?like={sent.pk}"
    page = Page(as_ana.get(answer["Location"]))
    for name in CONTEXT:
        assert page.value(name) == FULL[name], name
    for name in ("date", "event", "insight", "tlp", "raw_data", "raw_source", "raw_tlp"):
        assert page.value(name) == "", name
    assert page.rows == [("", "")]
    assert page.value("form_token") != str(sent.pk)
    assert page.tags("a", href=f"/events/{sent.pk}/")
    assert "The event was sent: Created." in page.html
    assert page.summary == []


def test_the_next_form_is_sent_as_an_event_of_its_own(as_ana, sandbox):
    answer, _ = enter(as_ana, action="send_another")
    token = Page(as_ana.get(answer["Location"])).value("form_token")
    posted = FULL | rows(("domain", "b.example")) | {"form_token": token, "action": "send_another"}
    again = as_ana.post(answer["Location"], posted)
    assert again["Location"] == f"{NEW}?like={token}"
    assert len(sandbox.ledger.events()) == 2


def test_the_same_form_pressed_twice_is_one_event(as_ana, sandbox):
    first, sent = enter(as_ana, action="send_another")
    posted = FULL | rows(*TWO) | {"action": "send_another"}
    second = as_ana.post(NEW, posted | {"form_token": str(sent.pk)})
    assert second["Location"] == first["Location"]
    assert len(sandbox.ledger.events()) == 1


@pytest.mark.parametrize(
    ("behaviour", "state", "ending"), [("500-after", "unknown", "/"), ("400", "rejected", "/edit/")]
)
def test_an_outcome_that_is_not_created_is_shown_first(as_ana, sandbox, behaviour, state, ending):
    sandbox.behave("create", behaviour)
    answer, sent = enter(as_ana, action="send_another")
    assert sent.state == state
    assert answer["Location"] == f"/events/{sent.pk}{ending}"


def test_an_invalid_form_is_shown_again(as_ana, sandbox):
    page = press(as_ana, "send_another", tlp="")
    assert page.summary == ["TLP is required. Choose who may have this; there is no default."]
    assert not sandbox.requests


@pytest.mark.parametrize("like", ["nonsense", "00000000-0000-4000-8000-000000000000", ""])
def test_what_is_not_there_is_not_found(as_ana, like):
    assert as_ana.get(f"{NEW}?like={like}").status_code == 404


def test_the_context_of_what_one_may_not_see_stays_unseen(as_ana, as_ben, as_rita, sandbox):
    _, red = enter(as_ana, tlp="red")
    assert as_ben.get(f"{NEW}?like={red.pk}").status_code == 404
    assert as_rita.get(f"{NEW}?like={red.pk}").status_code == 200


def test_a_relative_time_is_fixed_when_it_is_previewed_kept_and_sent(as_ana, sandbox):
    page = press(as_ana, date="2h ago")
    fixed = page.value("date")
    assert fixed.endswith("Z")
    assert f'"{fixed}"' in page.tags("pre")[0].text
    _, draft = enter(as_ana, action="save", date="yesterday 14:00")
    assert draft.typed_values["date"].endswith("T14:00:00Z")
    _, sent = enter(as_ana, date="now")
    assert json.loads(bytes(sent.body))["date"] == sent.typed_values["date"]


def test_a_time_is_told_in_utc_before_the_rest_is_written(as_ana):
    page = press(as_ana, tlp="", event="", date="1795435081")
    assert "When: 2026-11-23 11:58:01 UTC" in page.html


def test_the_preview_tells_what_a_pasted_time_means_in_utc(as_ana):
    page = press(as_ana, date="23/Nov/2026:11:58:01 +0100")
    assert "When: 2026-11-23 10:58:01 UTC" in page.html
    assert page.value("date") == "23/Nov/2026:11:58:01 +0100"
