"""JSON of every kind at each place that reads it: an answer of ours, never an error of ours."""

import json
from urllib.parse import quote

import pytest
import requests

from events.cloudflare import ApiError, Created
from events.cloudflare.jsontext import BadAnswer, decode
from events.models import Submission
from events.sandbox import Sandbox
from tests.cloudflare.support import BODY, CREATED, UUID, client_for
from tests.forms.support import EXAMPLE, NEW, rows
from tests.hostile.jsonkinds import DEEP, KINDS
from tests.servers import MisbehavingServer, Peer, Received

# Sent as a text of a form, which is UTF-8 whatever a browser was given.
TEXTS = {name: text for name, text in KINDS.items() if not name.startswith(("i_bytes", "n_bytes"))}
# A map is all that raw data may be; a value of another kind is put into one.
MAPS = {
    name: text if text.lstrip().startswith(b"{") else b'{"a": ' + text + b"}"
    for name, text in TEXTS.items()
}
BYTES = {name: text for name, text in KINDS.items() if name not in TEXTS}
SHORT = {name: text for name, text in KINDS.items() if len(text) < DEEP}


@pytest.mark.parametrize("sign", "yni")
def test_an_answer_is_read_or_refused_as_the_kind_says(sign):
    wrong = []
    for name, text in KINDS.items():
        if not name.startswith(sign):
            continue
        try:
            value = decode(text)
        except BadAnswer:
            if sign == "y":
                wrong.append(name)
        else:
            json.dumps(value, allow_nan=False).encode()
            if sign == "n":
                wrong.append(name)
    assert wrong == []


class Puppet:
    """A server that answers with whatever it was last told to."""

    body = b""

    def __call__(self, peer: Peer, request: Received) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.body)}\r\n\r\n"
        peer.send(head.encode() + self.body)
        return True


def test_no_answer_of_the_api_is_taken_for_another_or_crashes():
    """Neither alone, nor inside what the API returns of a created event."""
    puppet = Puppet()
    with MisbehavingServer(puppet) as server:
        client = client_for(server.url, deadline=5)
        for text in KINDS.values():
            inside = CREATED.replace(b'" "', text.strip() or b"]")
            for puppet.body in (text, inside):
                try:
                    created = client.create_event(BODY)
                except ApiError as error:
                    assert error.detail.isprintable()
                else:
                    assert isinstance(created, Created) and created.uuid == UUID
        client.close()


@pytest.mark.parametrize("sign", "yni")
def test_raw_data_of_any_kind_is_answered_beside_its_field(as_ana, sign):
    wrong = []
    for name, text in MAPS.items():
        if not name.startswith(sign):
            continue
        fields = EXAMPLE | rows(("domain", "x.example")) | {"raw_data": text.decode()}
        answer = as_ana.post(NEW, fields)
        refused = b'id="id_raw_data_error"' in answer.content
        if answer.status_code != 200 or (sign == "n" and not refused):
            wrong.append(f"{name}: {answer.status_code}")
    assert wrong == []


def test_a_draft_keeps_raw_data_of_any_kind(as_ana):
    """Whatever it is, it was typed: it is there again, to the letter."""
    fields = EXAMPLE | rows(("domain", "x.example")) | {"action": "save"}
    saved = as_ana.post(NEW, fields)["Location"]
    kept = Submission.objects.get()
    lost = []
    for name, text in MAPS.items():
        typed = text.decode()
        fields |= {"raw_data": typed, "version": str(kept.version)}
        status = as_ana.post(saved, fields).status_code
        kept.refresh_from_db()
        if status != 302 or _lines(kept.typed_values["raw_data"]) != _lines(typed):
            lost.append(f"{name}: {status}")
    assert lost == []


def _lines(text):
    """A form's line ends are CRLF, and what is kept has one kind of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json"])
def test_a_form_whose_bytes_are_of_any_kind_is_answered(as_ana, content_type):
    for text in BYTES.values():
        for body in (text, b"action=preview&form_token=x&raw_data=" + quote(text).encode()):
            answer = as_ana.generic("POST", NEW, body, content_type=content_type)
            assert answer.status_code in {200, 400}, text


def test_the_sandbox_answers_a_body_of_any_kind_and_keeps_none():
    with Sandbox() as sandbox, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {sandbox.settings.token}"
        url = f"{sandbox.base_url}/accounts/{sandbox.settings.account}/cloudforce-one/events"
        for text in SHORT.values():
            for path in ("/create", ""):
                answer = session.post(url + path, data=text, timeout=10)
                assert answer.status_code < 500, text
        assert sandbox.ledger.events() == []
