"""One entry's page: texts side by side, the chain's state, what is withheld, what is logged."""

import json
import re

import pytest

from events import audit
from events.models import AuditEntry
from tests.audit.support import tamper
from tests.conftest import make_user

URL = "/admin/events/auditentry/{}/change/"
EVENT = "2f0d3b8e-6f55-4d6c-9a3c-0d8a5a2b7c11"
ANA = audit.Actor(7, "ana", "192.0.2.7", "0123456789abcdef0123456789abcdef")
CANARY = "canary-5b1c"


@pytest.fixture
def as_vera(db, client):
    """An administrator who may see the log, and no RED events."""
    client.force_login(make_user("vera", "administrator"))
    return client


def text(response):
    assert response.status_code == 200
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def sent(*, tlp="amber", payload='{"event":"A","indicator":"evil.example"}'):
    audit.record(
        audit.Fact("submission.frozen", ANA, EVENT, tlp=tlp, attachments={"payload": payload}),
        audit.Fact("submission.sending", ANA, EVENT, tlp=tlp, attempt=1),
        audit.Fact(
            "submission.created",
            ANA,
            EVENT,
            tlp=tlp,
            reason=f"uuid x {CANARY}",
            attempt=1,
            status=200,
            cf_ray="8f-FRA",
            attachments={"answer": f'{{"uuid":"x","note":"{CANARY}"}}'},
        ),
    )


@pytest.mark.parametrize("seq", [1, 3])
def test_what_was_sent_stands_beside_what_came_back(as_otto, seq):
    sent()
    page = as_otto.get(URL.format(seq)).content.decode()
    texts = re.findall(r'<pre[^>]*aria-label="([^"]*), text">(.*?)</pre>', page, re.S)
    assert [title for title, _ in texts] == ["Payload sent", "Event returned"]
    payload, answer = (shown.replace("&quot;", '"') for _, shown in texts)
    assert payload == '{\n  "event": "A",\n  "indicator": "evil.example"\n}'
    assert json.loads(answer)["uuid"] == "x"
    assert "It is the text that entry 1 commits to." in page
    assert "It is the text that entry 3 commits to." in page
    assert not re.search(r'href="[^"]*evil', page)


def test_every_field_is_shown(as_otto):
    sent()
    page = text(as_otto.get(URL.format(3)))
    for words in ("ana", "Event created submission.created", EVENT, "TLP:AMBER", "ok", "uuid x"):
        assert words in page
    for words in (
        "Account number 7",
        "Address 192.0.2.7",
        "Attempt 1",
        "HTTP status 200",
        "8f-FRA",
    ):
        assert words in page
    assert f"Request id {ANA.request_id}" in page
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC", page)


def test_the_chain_around_an_entry_is_told(as_otto, chain):
    hashes = dict(AuditEntry.objects.values_list("seq", "hash"))
    page = text(as_otto.get(URL.format(3)))
    assert "The hash fits the body. It follows entry 2. Entry 4 follows this one." in page
    assert all(hashes[seq] in page for seq in (2, 3, 4))
    assert "It is the first entry." in text(as_otto.get(URL.format(1)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE {} SET body = '{{}}' WHERE seq = 3", "The hash does not fit the body."),
        ("UPDATE {} SET body = 'x' WHERE seq = 3", "The hash does not fit the body."),
        ("UPDATE {} SET prev = 'x' WHERE seq = 3", "It does not follow entry 2."),
        ("UPDATE {} SET prev = 'x' WHERE seq = 4", "Entry 4 does not follow this one."),
        ("DELETE FROM {} WHERE seq = 4", "Entry 4 is missing."),
    ],
)
def test_what_is_broken_near_an_entry_is_told(as_otto, chain, change, words):
    tamper((change.format("events_auditentry"), ()))
    page = as_otto.get(URL.format(3)).content.decode()
    assert f'<li class="broken">{words}</li>' in page


def forge(**claims):
    """An entry behind the newest as one without the key makes it, hash and all; its number."""
    last = AuditEntry.objects.latest("seq")
    columns = {field.attname: getattr(last, field.attname) for field in AuditEntry._meta.fields}
    claims |= {"seq": last.seq + 1, "prev": last.hash}
    text = audit.body.canonical(json.loads(last.body) | claims)
    columns |= {name: claims[name] for name in claims.keys() & columns.keys()}
    columns |= {"body": text, "hash": audit.body.digest(text), "mac": "0" * 64}
    AuditEntry(**columns).save(force_insert=True)
    return last.seq + 1


def test_a_genuine_seal_is_told_with_its_key(as_otto, chain):
    key = json.loads(AuditEntry.objects.get(seq=3).body)["key"]
    assert f"Its seal is genuine: made with key {key}." in text(as_otto.get(URL.format(3)))


def test_a_forged_entry_is_not_shown_as_sound(as_otto, chain):
    page = as_otto.get(URL.format(forge(actor="eve"))).content.decode()
    assert "The hash fits the body." in page
    assert '<li class="broken">Its seal is not genuine: this desk did not write it' in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("SET mac = NULL", "Its seal is not genuine"),
        ("SET actor = 'eve'", "what stands in its columns was changed"),
        ("SET body = '{}'", "It bears no seal"),
    ],
)
def test_an_entry_that_was_changed_is_not_shown_as_sealed(as_otto, chain, change, words):
    tamper((f"UPDATE {AuditEntry._meta.db_table} {change} WHERE seq = 3", ()))
    page = as_otto.get(URL.format(3)).content.decode()
    assert re.search(f'<li class="broken">[^<]*{words}', page)


def test_an_entry_whose_key_is_not_here_is_not_shown_as_sealed(as_otto, chain):
    forged = json.loads(AuditEntry.objects.get(seq=3).body) | {"key": "f" * 16}
    body = audit.body.canonical(forged)
    change = f"UPDATE {AuditEntry._meta.db_table} SET body = %s, hash = %s WHERE seq = 3"
    tamper((change, (body, audit.body.digest(body))))
    page = text(as_otto.get(URL.format(3)))
    assert "is not here, and no sealed entry that follows binds it." in page


def test_opening_the_newest_entry_raises_no_false_alarm(as_otto, chain):
    for seq in (6, 7):
        page = as_otto.get(URL.format(seq))
        assert 'class="broken"' not in page.content.decode()
        assert f"Entry {seq + 1} follows this one." in text(page)


def test_an_entry_that_is_missing_behind_the_newest_is_still_told(as_otto, chain):
    tamper(("UPDATE events_auditentry SET seq = 8 WHERE seq = 6", ()))
    page = as_otto.get(URL.format(5)).content.decode()
    assert '<li class="broken">Entry 6 is missing.</li>' in page


def test_a_changed_text_is_told(as_otto, chain):
    tamper(("UPDATE events_auditattachment SET content = '[]' WHERE name = 'payload'", ()))
    page = text(as_otto.get(URL.format(2)))
    assert "It is not the text that entry 2 commits to: it was changed." in page


def test_looking_at_an_entry_is_logged_with_its_tlp(as_otto, chain):
    as_otto.get(URL.format(5))
    entry = AuditEntry.objects.get(seq=7)
    assert (entry.action, entry.actor, entry.object_id) == ("audit.viewed", "otto", "audit:5")
    assert entry.tlp == "red" and entry.request_id


def test_red_texts_are_withheld_with_a_sentence(as_vera, as_otto):
    sent(tlp="red", payload=f'{{"event":"{CANARY}"}}')
    for seq in (1, 2, 3):
        page = as_vera.get(URL.format(seq))
        assert CANARY not in page.content.decode()
        assert "TLP:RED. Its texts are shown only to people who may see RED events." in text(page)
    assert CANARY in as_otto.get(URL.format(3)).content.decode()


def test_every_text_of_what_was_ever_red_is_withheld(as_vera):
    sent(tlp="red", payload=f'{{"event":"{CANARY}"}}')
    payload = {"payload": '{"event":"B"}'}
    audit.record(audit.Fact("submission.frozen", ANA, EVENT, tlp="amber", attachments=payload))
    answer = {"answer": f'{{"note":"{CANARY}"}}'}
    audit.record(audit.Fact("submission.created", ANA, EVENT, tlp="red", attachments=answer))
    page = as_vera.get(URL.format(4))
    assert CANARY not in page.content.decode()
    assert "Withheld: this text is TLP:RED." in text(page)
    assert "&quot;B&quot;" not in text(page)


@pytest.mark.parametrize(
    "content",
    [
        "<b>not JSON</b>",
        "[" * 100_000,
        "1" * 5000,
        '{"a": "\u202e"}',
        "\0 \ud800",
        '"</pre><script>"',
    ],
)
def test_any_text_is_shown_as_text(as_otto, content):
    audit.record(audit.Fact("submission.unknown", ANA, attachments={"answer": content}))
    page = as_otto.get(URL.format(1)).content.decode()
    assert "<b>not" not in page and "</pre><script>" not in page and "\u202e" not in page


@pytest.mark.parametrize("seq", ["0", "7", "x", "1.5", "9" * 30, "²"])
def test_an_entry_that_does_not_exist_is_not_found(as_otto, chain, seq):
    assert as_otto.get(URL.format(seq)).status_code == 404
    assert audit.head().seq == 6


def test_analysts_are_refused(as_ana, chain):
    assert as_ana.get(URL.format(2), follow=True).status_code == 403
