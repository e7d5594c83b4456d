"""What a refusal or a rate limit tells: whom it concerns, in whose words, and how long to wait."""

import pytest

from events.cloudflare import RateLimited, Refused
from tests.cloudflare.support import BODY, client_for, failure
from tests.servers import MisbehavingServer, reply


@pytest.mark.parametrize("status", [425, 429])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Retry-After", "17")], 17),
        ([("Retry-After", " 0 ")], 0),
        (
            [
                ("Date", "Fri, 01 Jan 2027 00:00:00 GMT"),
                ("Retry-After", "Fri, 01 Jan 2027 00:05:00 GMT"),
            ],
            300,
        ),
        ([("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")], 0),
        ([("Ratelimit", '"default";r=0;t=30')], 30),
        ([("Ratelimit", '"a";r=9;t=5, "b";r=0;t=44')], 44),
        ([("Retry-After", "soon")], None),
        ([("Retry-After", "-5")], None),
        ([("Retry-After", "9" * 5000)], None),
        ([("Retry-After", "Fri, 99 Jan 99999 99:99:99 GMT")], None),
        ([], None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(status: int, headers, seconds: float | None) -> None:
    body = failure({"message": "slow down", "code": 971})
    with MisbehavingServer(reply(status, body, headers)) as server:
        with pytest.raises(RateLimited) as caught:
            client_for(server.url).create_event(BODY)
        assert len(server.requests) == 1
    assert caught.value.retry_after == seconds
    assert caught.value.problems[0].code == 971


@pytest.mark.parametrize(
    ("status", "errors", "for_administrator"),
    [
        (400, [{"message": "tlp is required"}], False),
        (413, [], False),
        (422, [{"message": "bad", "code": 1}], False),
        (400, [{"message": "Authentication error", "code": 10000}], True),
        (400, [{"message": "Unauthorized", "code": 9109}], True),
        (400, [{"message": "Unauthorized", "code": 10001}], True),
        (400, [{"message": "Could not route", "code": 7003}], True),
        (
            400,
            [
                {
                    "message": "Invalid request headers",
                    "code": 6003,
                    "error_chain": [{"message": "Invalid format for Authorization", "code": 6111}],
                }
            ],
            True,
        ),
        (400, [{"message": "x", "error_chain": [{"message": "y", "code": 6103}]}], True),
        (401, [], True),
        (403, [], True),
        (404, [], True),
    ],
)
def test_a_refusal_says_whom_it_concerns_in_the_apis_own_words(
    status: int, errors: list, for_administrator: bool
) -> None:
    server = MisbehavingServer(reply(status, failure(*errors)))
    with server, pytest.raises(Refused) as caught:
        client_for(server.url).create_event(BODY)
    assert caught.value.for_administrator is for_administrator
    if errors:
        assert errors[0]["message"] in caught.value.detail
        chained = [link for error in errors for link in error.get("error_chain", [])]
        expected = {(error["message"], error.get("code")) for error in [*errors, *chained]}
        assert {(p.message, p.code) for p in caught.value.problems} == expected


def test_the_apis_words_cannot_break_a_line_or_flood_the_log() -> None:
    errors = [{"message": "first\r\nsecond\x1b[31m\u202e\u2028third " + "x" * 10_000}] * 30
    server = MisbehavingServer(reply(400, failure(*errors)))
    with server, pytest.raises(Refused) as caught:
        client_for(server.url).create_event(BODY)
    error = caught.value
    assert len(error.problems) <= 20
    assert "first second [31m third x" in error.detail
    assert all(text.isprintable() and len(text) < 700 for text in (error.detail, str(error)))
