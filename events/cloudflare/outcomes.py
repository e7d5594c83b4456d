"""Owns the decision what a failure means: not sent, rate limited, refused, or unknown.

Rule: what fails before the first byte of the request was handed to a connection that stands (name,
connect, proxy, TLS handshake) is "not sent"; a short list of statuses says what the API decided;
everything else is unknown, because the API may hold the request.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Iterator

import requests.exceptions
import urllib3.exceptions

from events.cloudflare.answers import problems
from events.cloudflare.deadline import Exchange, TooLong, TunnelRefused
from events.cloudflare.errors import ApiError, NotSent, Problem, RateLimited, Refused, Unknown
from events.cloudflare.records import Answer

RATE_LIMITED = frozenset({425, 429})
REFUSED = frozenset({400, 401, 403, 404, 405, 413, 415, 422})

# Statuses and Cloudflare codes that no change to the entry can cure: authentication (10000),
# authorisation (9109, 10001), token format (6003, 6111, 6103), account or dataset id (7003).
ADMINISTRATOR_STATUSES = frozenset({401, 403, 404, 405, 415})
ADMINISTRATOR_CODES = frozenset({6003, 6103, 6111, 7003, 9109, 10000, 10001})

_BAD_CONFIGURATION = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
    UnicodeEncodeError,
)


def from_answer(answer: Answer) -> ApiError:
    """The error that a status other than 2xx means."""
    found = problems(answer.body)
    if answer.status in RATE_LIMITED:
        wait = answer.retry_after
        if wait is None and answer.rate is not None:
            wait = answer.rate.reset_seconds
        return RateLimited(
            _said("Cloudflare asks to wait before the next request", answer, found),
            retry_after=wait,
            status=answer.status,
            problems=found,
            cf_ray=answer.cf_ray,
        )
    if answer.status in REFUSED:
        return Refused(
            _said("Cloudflare refused the request", answer, found),
            for_administrator=_needs_administrator(answer.status, found),
            status=answer.status,
            problems=found,
            cf_ray=answer.cf_ray,
        )
    return unreadable(answer, _unexpected(answer.status), found)


def unreadable(answer: Answer, sentence: str, found: tuple[Problem, ...] = ()) -> Unknown:
    """The error for an answer that arrived but does not say what became of the request."""
    return Unknown(
        _said(sentence, answer, found),
        status=answer.status,
        problems=found,
        cf_ray=answer.cf_ray,
    )


def from_exception(error: BaseException, exchange: Exchange) -> ApiError:
    """The error that an exception during an exchange means."""
    if not exchange.began:
        causes = list(_causes(error))
        named = (_not_sent(cause, exchange.host) for cause in causes)
        return next(filter(None, named), None) or _not_connected(causes, exchange)
    return Unknown(_broken(error, exchange), status=exchange.status, cf_ray=exchange.cf_ray)


def _not_sent(cause: BaseException, host: str) -> NotSent | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message or "it could not be verified"
        return NotSent(f"The certificate of {host} was not accepted: {reason}.", configuration=True)
    if isinstance(cause, _BAD_CONFIGURATION):
        return NotSent(
            "The API address or a request header is not valid"
            f" ({type(cause).__name__}): check the settings.",
            configuration=True,
        )
    if isinstance(cause, TunnelRefused):
        refusal = f" (HTTP {cause.status})" if cause.status else ""
        return NotSent(
            f"The proxy did not open a connection to {host}{refusal}.",
            configuration=cause.status in (401, 403, 405, 407),
        )
    if isinstance(cause, urllib3.exceptions.NameResolutionError | socket.gaierror):
        return NotSent(f"The name {host} was not found.")
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return NotSent(f"{host} could not be reached: the connection was not accepted.")
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return NotSent(f"{host} could not be reached in time.")
    return None


def _not_connected(causes: list[BaseException], exchange: Exchange) -> NotSent:
    """What is left when no cause is known by its type: a handshake, mostly."""
    host = exchange.host
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return NotSent(f"The connection to {host} was not opened in time.")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return NotSent(f"The encrypted connection to {host} could not be opened.")
    if any(isinstance(cause, OSError) for cause in causes):
        return NotSent(f"The connection to {host} broke while it was being opened.")
    return NotSent(f"No connection to {host} was opened ({type(causes[0]).__name__}).")


def _broken(error: BaseException, exchange: Exchange) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, TooLong) for cause in causes):
        return f"The answer of {exchange.host} was too long and was not read."
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return f"No complete answer came from {exchange.host} within {exchange.seconds:g} seconds."
    if any(isinstance(cause, zlib.error | urllib3.exceptions.DecodeError) for cause in causes):
        return f"The answer of {exchange.host} could not be unpacked."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"The encrypted connection to {exchange.host} failed."
    if any(isinstance(cause, requests.exceptions.RequestException | OSError) for cause in causes):
        return f"The connection to {exchange.host} broke before a complete answer arrived."
    if any(isinstance(cause, urllib3.exceptions.HTTPError) for cause in causes):
        return f"The answer of {exchange.host} broke off or was garbled."
    return f"The exchange with {exchange.host} failed unexpectedly ({type(error).__name__})."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it was made from, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting.extend(item for item in inner if isinstance(item, BaseException))


def _needs_administrator(status: int, found: tuple[Problem, ...]) -> bool:
    codes = {problem.code for problem in found}
    return status in ADMINISTRATOR_STATUSES or bool(codes & ADMINISTRATOR_CODES)


def _unexpected(status: int) -> str:
    if 300 <= status < 400:
        return "The API answered with a redirect, which is never followed"
    return "The API did not say what became of the request"


def _said(sentence: str, answer: Answer, found: tuple[Problem, ...]) -> str:
    words = next((problem.message for problem in found if problem.message), "")
    return f"{sentence} (HTTP {answer.status}){f': {words}' if words else '.'}"
