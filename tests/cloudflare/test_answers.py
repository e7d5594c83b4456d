"""Arbitrary answers: nothing but an event or one of the four errors ever comes out."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.cloudflare import ApiError, Client, Created
from events.cloudflare.jsontext import BadAnswer, decode
from tests.cloudflare.support import BODY, CREATED, EVENT, client_for, envelope
from tests.servers import MisbehavingServer, Peer, Received, reply

PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 %d X\r\n",
    b"HTTP/1.0 500\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 9, 9\r\n",
    b"Content-Length: " + b"9" * 5000 + b"\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Connection: close\r\n",
    b"Location: http://[::1\r\n",
    b"Retry-After: \xff\r\n",
    b"Ratelimit: r=;t=\r\n",
    b"Set-Cookie: a=b; expires=x\r\n",
    b" folded\r\n",
    b"\r\n",
    b"5\r\n",
    b"0\r\n\r\n",
    b"-5\r\n",
    b"\x1f\x8b\x08\x00",
    CREATED,
    envelope(EVENT),
    b'{"uuid":',
    b"[" * 2000,
    b"9" * 5000,
    b"\x00",
]
STATUS_AND_HEADERS = st.builds(
    lambda status, headers, body: b"HTTP/1.1 %d X\r\n%s\r\n%s" % (status, b"".join(headers), body),
    st.integers(0, 999),
    st.lists(st.sampled_from(PIECES[3:16]), max_size=4),
    st.one_of(st.binary(max_size=200), st.sampled_from(PIECES[19:])),
)
ANSWERS = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=12).map(b"".join),
    STATUS_AND_HEADERS,
)


class Puppet:
    """A server that answers with whatever it was last told to."""

    answer = b""

    def __call__(self, peer: Peer, request: Received) -> bool:
        peer.send(self.answer)
        return False


@pytest.fixture(scope="module")
def puppet() -> Iterator[tuple[Puppet, Client]]:
    script = Puppet()
    with MisbehavingServer(script) as server:
        client = client_for(server.url, deadline=5)
        yield script, client
        client.close()


@given(answer=ANSWERS)
@settings(max_examples=400, deadline=None)
def test_any_bytes_at_all_are_an_event_or_an_error(puppet, answer: bytes) -> None:
    script, client = puppet
    script.answer = answer
    try:
        created = client.create_event(BODY)
    except ApiError as error:
        assert error.detail.isprintable()
    else:
        assert isinstance(created, Created)
        assert created.uuid.encode() in answer


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["success", "result", "errors", "error_chain", "uuid", "message", "code"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(value=JSON, status=st.sampled_from([200, 400, 429, 500]))
@settings(max_examples=300, deadline=None)
def test_any_json_at_all_is_read_or_refused_by_every_operation(puppet, value, status: int) -> None:
    script, client = puppet
    body = json.dumps(value).encode()
    script.answer = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    for call in (
        lambda: client.create_event(BODY),
        client.list_events,
        client.verify_token,
        client.datasets,
        client.categories,
        client.countries,
        client.industries,
        lambda: client.read_raw("a", "b"),
        client.tags,
        client.actors,
        lambda: client.indicators(["x"]),
    ):
        try:
            call()
        except ApiError as error:
            assert error.detail.isprintable()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":"\\u0000\\ud800x\\udfff"}', {"a": "\ufffd\ufffdx\ufffd"}),
        (b'{"\\ud83d\\ude00":["\\u00e9"]}', {"\U0001f600": ["\u00e9"]}),
        (b'["\\u0000",{"\\u0000":1}]', ["\ufffd", {"\ufffd": 1}]),
        (b'"\\\\u0000"', "\\u0000"),
        (b"1e300", 1e300),
        (b"9" * 64, int("9" * 64)),
        (b"[" * 64 + b"]" * 64, None),
    ],
)
def test_what_is_decoded_can_be_stored(text: bytes, value: object) -> None:
    decoded = decode(text)
    assert value is None or decoded == value
    json.dumps(decoded, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" \n",
        b"1e999",
        b"-Infinity",
        b"9" * 65,
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 65,
        b'"\x00"',
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_what_cannot_be_read_safely_is_not_read(text: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode(text)


def test_a_created_event_with_unstorable_text_is_created_and_storable() -> None:
    body = json.dumps({**EVENT, "insight": "a\x00b\ud800c"}).encode()
    with MisbehavingServer(reply(200, body)) as server:
        created = client_for(server.url).create_event(BODY)
    assert created.event["insight"] == "a\ufffdb\ufffdc"
    assert "\x00" not in created.body
