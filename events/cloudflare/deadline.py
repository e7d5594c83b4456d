"""Owns the bounds of one exchange: sockets and connections that stop at its deadline.

A timeout of `requests` holds per read, so a server that drips one byte a second holds a thread for
ever. Here every blocking call on a socket is given what is left of the exchange's time, and is not
made at all once that is used up: nothing is sent after the deadline. The same holds for the bytes
received, because `http.client` reads some parts of an answer without a bound of its own.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

MAX_IDLE_SECONDS = 15.0

_LENGTH = re.compile(r"[0-9]{1,15}")
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})\b")

Address = tuple[Any, ...]
Resolved = Sequence[tuple[int, int, int, str, Address]]


class TunnelRefused(NewConnectionError):
    """The proxy did not open the way to the API; `status` is its HTTP status, None without one."""

    def __init__(self, conn: HTTPConnection, status: int | None) -> None:
        super().__init__(conn, f"the proxy answered {status}")
        self.status = status


class TooLong(OSError):
    """The server sent more bytes than the exchange allows."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer: what they may use up, and how far they got.

    `seconds` and `budget` (bytes received) are the allowance, `handshake` the seconds of it that
    TLS may take to stand. `began` is true from the moment the request was handed to the network.
    `status` and `cf_ray` are set when the headers are in.
    """

    host: str
    seconds: float
    budget: int
    handshake: float
    began: bool = False
    status: int | None = None
    cf_ray: str = ""
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.seconds

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange's time is used up")
        return left

    def spend(self, count: int) -> None:
        """Counts received bytes. Raises TooLong when the budget is used up."""
        self.budget -= count
        if self.budget < 0:
            raise TooLong("the exchange's bytes are used up")


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def bounding(exchange: Exchange) -> Iterator[None]:
    """All network calls of this thread inside the block obey `exchange`."""
    mark = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(mark)


class BoundedSocket(socket.socket):
    """A socket whose every blocking call ends with the current exchange."""

    def _arm(self) -> Exchange:
        exchange = _current.get()
        self.settimeout(exchange.remaining())
        return exchange

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        exchange = self._arm()
        count = super().recv_into(*args, **kwargs)
        exchange.spend(count)
        return count

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._arm()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._arm()
        super().sendall(*args, **kwargs)


class BoundedTLSSocket(BoundedSocket, ssl.SSLSocket):
    """The same over TLS, the handshake included."""

    def getpeername(self) -> Any:
        """The other end's address. Raises ConnectionResetError if there is none any more.

        `ssl` takes a connection that is gone for one that is not made yet: it would hand it out
        without a handshake, and what is sent then would be sent in the clear.
        """
        try:
            return super().getpeername()
        except OSError:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "gone before the handshake") from None

    def do_handshake(self, block: bool = False) -> None:
        exchange = _current.get()
        self.settimeout(min(exchange.handshake, exchange.remaining()))
        super().do_handshake(block)


class StrictResponse(http.client.HTTPResponse):
    """A final answer whose headers are whole and name at most one length of the body.

    (From garbled headers urllib3 goes on with what is left, and writes the server's text and the
    URL into the log; on lengths that it does not understand it leaves the socket open.)
    """

    def begin(self) -> None:
        super().begin()
        if self.status < 200:
            # What follows on this connection answers this request, not the next one.
            raise http.client.HTTPException("an interim answer came instead of the final one")
        lengths = self.msg.get_all("content-length", [])
        if self.msg.defects or self.msg.get_payload() or len(lengths) > 1:
            raise http.client.HTTPException("the headers are garbled")
        if lengths and not _LENGTH.fullmatch(lengths[0].strip()):
            raise http.client.HTTPException("the length of the answer is garbled")


class BoundedConnection(HTTPConnection):
    """A connection that opens bounded sockets and is used again only when that is safe.

    Safe means: the last answer had one clear length, and it came less than `MAX_IDLE_SECONDS` ago,
    which is well within the time after which servers and NAT close or forget an idle connection.
    """

    response_class = StrictResponse
    _reusable_since: float | None = None
    _tunnelling = False

    def _new_conn(self) -> socket.socket:
        self._reusable_since = None
        failure: NewConnectionError | ConnectTimeoutError | None = None
        for family, kind, protocol, _, address in self._resolve():
            sock = BoundedSocket(family, kind, protocol)
            try:
                self._connect(sock, address)
            except TimeoutError:
                failure = ConnectTimeoutError(self, "no answer to the attempt to connect")
            except OSError as error:
                failure = NewConnectionError(self, error.strerror or "failed")
            else:
                return sock
            sock.close()
        raise failure or NewConnectionError(self, "the name has no address")

    def _connect(self, sock: socket.socket, address: Address) -> None:
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(min(self._connect_seconds(), _current.get().remaining()))
        sock.connect(address)

    def _connect_seconds(self) -> float:
        return self.timeout if isinstance(self.timeout, int | float) else 5.0

    def _resolve(self) -> Resolved:
        host = self._dns_host.strip("[]")
        try:
            host.encode("idna")
            if _is_address(host):
                return _lookup(host, self.port)
            # Twice the connect timeout: a resolver waits five seconds for a dead first server.
            limit = min(2 * self._connect_seconds(), _current.get().remaining())
            return _lookup_within(limit, host, self.port)
        except UnicodeError:
            raise LocationParseError("the host name") from None
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from None
        except TimeoutError:
            raise ConnectTimeoutError(self, "no answer from the name servers") from None

    def _tunnel(self) -> None:
        self._tunnelling = True
        try:
            super()._tunnel()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            status = _TUNNEL_STATUS.search(str(error))
            raise TunnelRefused(self, int(status[1]) if status else None) from None
        finally:
            self._tunnelling = False

    def send(self, data: Any) -> None:
        exchange = _current.get()
        if self.sock is None:
            if exchange.began:
                raise ProtocolError("the connection closed in the middle of the request")
            self.connect()
        exchange.remaining()
        exchange.began = exchange.began or not self._tunnelling
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
        self._reusable_since = None
        response = super().getresponse()
        if _has_one_clear_length(response):
            self._reusable_since = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        since = self._reusable_since
        fresh = since is not None and time.monotonic() - since < MAX_IDLE_SECONDS
        return fresh and super().is_connected


class BoundedTLSConnection(BoundedConnection, HTTPSConnection):
    """The same over TLS."""


class BoundedPool(HTTPConnectionPool):
    ConnectionCls = BoundedConnection


class BoundedTLSPool(HTTPSConnectionPool):
    ConnectionCls = BoundedTLSConnection


@lru_cache(maxsize=8)
def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """A verifying context whose sockets are bounded. Raises ValueError for an unusable bundle."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError:
        raise ValueError(f"The certificate bundle {ca_bundle} cannot be read.") from None
    context.sslsocket_class = BoundedTLSSocket
    # Python honours SSLKEYLOGFILE: with that file, whoever recorded the traffic reads the token.
    context.keylog_filename = None  # type: ignore[assignment]  # as ssl itself begins
    return context


def _has_one_clear_length(response: HTTPResponse) -> bool:
    framing = [name for name in ("content-length", "transfer-encoding") if name in response.headers]
    return len(framing) == 1 and response.status not in (204, 205, 304)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _lookup(host: str, port: int) -> Resolved:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _lookup_within(seconds: float, host: str, port: int) -> Resolved:
    # getaddrinfo cannot be interrupted, so it waits in a thread of its own, which only looks up.
    outcome: queue.SimpleQueue[Resolved | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            outcome.put(_lookup(host, port))
        except (OSError, UnicodeError) as error:
            outcome.put(error)

    threading.Thread(target=look_up, name="name-lookup", daemon=True).start()
    try:
        found = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("name lookup") from None
    if isinstance(found, Exception):
        raise found
    return found
