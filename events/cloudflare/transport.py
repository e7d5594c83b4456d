"""Owns one HTTP exchange with the API: sent at most once, bounded in time and size.

It uses the adapter of `requests` without a `Session`, which would look for proxies, certificates
and a `.netrc` in the environment, keep cookies, and read the whole body of a redirect.
"""

from __future__ import annotations

import os
import re
import ssl
import zlib
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3 import BaseHTTPResponse

from events.cloudflare import outcomes, ratelimit
from events.cloudflare.deadline import (
    BoundedPool,
    BoundedTLSPool,
    Exchange,
    TooLong,
    bounding,
    tls_context,
)
from events.cloudflare.records import Answer

CHUNK = 64 * 1024
POOL_SIZE = 64
RAY_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")

_JSON = {"Content-Type": "application/json"}
# What may stand in a token is ASCII.
_ESCAPE = re.compile(rb"\\+(?:u00([2-7][0-9a-fA-F])|([!-~]))")
_POOLS = {"http": BoundedPool, "https": BoundedTLSPool}


def _spelled(character: str) -> bytes:
    """A pattern of `character` as JSON may write it, also inside of a text that is JSON itself."""
    plain = re.escape(character.encode())
    return rb"(?:\\*%s|\\+u00(?i:%02x))" % (plain, ord(character))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return escape[2] or bytes.fromhex(escape[1].decode())


class Bearer(AuthBase):
    """The API token; it shows itself to nobody but the request."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._spelled = re.compile(b"".join(map(_spelled, token)))

    def __repr__(self) -> str:
        return "Bearer(…)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def removed_from(self, body: bytes) -> bytes:
        """`body` without the token, should the server repeat it, be it in escapes of JSON."""
        token = self._token.encode()
        if token not in _ESCAPE.sub(_unescaped, body):
            return body
        return self._spelled.sub(b"[token]", body)


class _Adapter(HTTPAdapter):
    """requests' adapter over the bounded connections; it neither retries nor keeps cookies."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=POOL_SIZE, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        where, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return where, {"ssl_context": self._context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context verifies; requests' way would load the bundle for every connection."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        return response


class Transport:
    """Sends requests with one token; safe to share between threads and across a fork.

    deadline: seconds of wall clock for one exchange, from name lookup to the last byte.
    connect_timeout: seconds for each attempt to connect, and for the TLS handshake.
    proxy: `http://[user:password@]host:port` or None; never taken from the environment, and not
    used for an API address on this machine (http).
    ca_bundle: path of the certificates to trust instead of requests' own.
    """

    def __init__(
        self,
        *,
        token: str,
        user_agent: str,
        deadline: float,
        connect_timeout: float,
        proxy: str | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._bearer = Bearer(token)
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._deadline = deadline
        self._timeouts = (connect_timeout, deadline)
        self._proxies = {"https": proxy} if proxy else {}
        self._context = tls_context(ca_bundle or certifi.where())
        self._open()

    def _open(self) -> None:
        self._adapter = _Adapter(self._context)
        self._process = os.getpid()

    def close(self) -> None:
        """Closes the idle connections."""
        self._adapter.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        limit: int,
        body: bytes | None = None,
    ) -> Answer:
        """Sends one request once, with `body` byte for byte as its JSON.

        The answer's decoded body has at most `limit` bytes.
        A body that cannot be read counts as empty if the status already says what happened (300
        and above). Raises NotSent or Unknown.
        """
        exchange = Exchange(
            _host(url), self._deadline, budget=2 * limit + CHUNK, handshake=self._timeouts[0]
        )
        try:
            with bounding(exchange):
                return self._exchange(exchange, method, url, limit, body)
        except Exception as error:  # whatever is not known to be unsent is unknown
            failure = outcomes.from_exception(error, exchange)
        # Raised out here so that no exception which holds the request is chained to it.
        raise failure

    def _exchange(
        self,
        exchange: Exchange,
        method: str,
        url: str,
        limit: int,
        body: bytes | None,
    ) -> Answer:
        headers = self._headers if body is None else {**self._headers, **_JSON}
        request = requests.Request(
            method, url, headers=headers, data=body, auth=self._bearer
        ).prepare()
        if self._process != os.getpid():
            self._open()
        response = self._adapter.send(
            request, stream=True, timeout=self._timeouts, proxies=self._proxies
        )
        exchange.status = response.status_code
        exchange.cf_ray = _ray(response.headers.get("cf-ray"))
        return self._answer(exchange, response, limit)

    def _answer(self, exchange: Exchange, response: requests.Response, limit: int) -> Answer:
        text = response.headers.get
        return Answer(
            status=response.status_code,
            body=self._bearer.removed_from(_body(response, limit)),
            cf_ray=exchange.cf_ray,
            retry_after=ratelimit.retry_after(text("retry-after"), text("date")),
            rate=ratelimit.rate_limit(text("ratelimit")),
        )


def _body(response: requests.Response, limit: int) -> bytes:
    try:
        return _read(response.raw, response.headers.get("content-encoding", ""), limit)
    except Exception:  # the status is known: from 300 on the body is only detail
        if response.status_code < 300:
            raise
        return b""
    finally:
        response.raw.close()


def _read(raw: BaseHTTPResponse, coding: str, limit: int) -> bytes:
    """The decoded body. Raises TooLong beyond `limit` bytes, before they are in memory."""
    unpack = _unpacker(coding)
    body = bytearray()
    while chunk := raw.read(CHUNK, decode_content=False):
        body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
        if len(body) > limit:
            raise TooLong("the answer is too long")
    if unpack and not unpack.eof:
        raise zlib.error("the packed answer is incomplete")
    return bytes(body)


def _unpacker(coding: str) -> Any:
    # Only identity was asked for; gzip and deflate are understood all the same.
    if coding.strip().lower() in ("", "identity"):
        return None
    if coding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raise zlib.error("the answer is packed in an unknown way")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the API"
    except ValueError:
        return "the API"


def _ray(header: str | None) -> str:
    ray = (header or "").strip()
    return ray if len(ray) <= 40 and RAY_CHARACTERS.issuperset(ray) else ""
