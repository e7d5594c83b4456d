"""Syslog: where lines go, and sending them so that a receiver that is away is noticed.

Messages are those of RFC 5424: one datagram each by UDP and to the machine's own socket, and with
their length in front (RFC 6587) by TCP.
"""

import contextlib
import fcntl
import os
import socket
import struct
import termios
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Kind = Literal["udp", "tcp", "local"]

# Facility 13 (log audit), severity 6 (informational).
PRIORITY = 13 * 8 + 6
APP = "event-desk"
PORT = 514
# Seconds for each attempt to connect or to send, and to have all that was sent acknowledged.
TIMEOUT = 5.0
_ASK_EVERY = 0.005


class Target(NamedTuple):
    """A receiver: `address` is a host with its `port`, or for `local` the path of a socket."""

    kind: Kind
    address: str
    port: int = 0

    def __str__(self) -> str:
        return self.address if self.kind == "local" else f"{self.kind}://{self.address}:{self.port}"


def target(text: str) -> Target:
    """The receiver in `text`: `udp://host:514`, `tcp://host:514` or `/dev/log`.

    Raises `ValueError` with what to write.
    """
    if text.startswith("/"):
        return Target("local", text)
    wrong = ValueError("Write udp://host:514, tcp://host:514 or the path of a socket: /dev/log.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        raise wrong from None
    is_more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if not host or is_more or not text.isascii() or not text.isprintable() or " " in text:
        raise wrong
    if parts.scheme == "udp":
        return Target("udp", host, port)
    if parts.scheme == "tcp":
        return Target("tcp", host, port)
    raise wrong


def message(text: str, name: str) -> bytes:
    """`text` as one message of the kind `name`; a line break in it is written out."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    host = "".join(each for each in socket.gethostname() if "!" <= each <= "~")[:255] or "-"
    line = text.replace("\r", r"\r").replace("\n", r"\n").replace("\0", r"\0")
    return f"<{PRIORITY}>1 {at} {host} {APP} {os.getpid()} {name} - {line}".encode()


class Sender:
    """Sends to one receiver over a connection that is kept, and made anew after a failure."""

    def __init__(self, receiver: Target) -> None:
        self._target = receiver
        self._socket: socket.socket | None = None

    def send(self, messages: Sequence[bytes]) -> None:
        """Send all, in order. Raises `OSError` if the receiver did not take them, or not all.

        By TCP they are taken when the receiver's machine has acknowledged every byte; by UDP a
        receiver that is away is noticed only where its machine answers.
        """
        try:
            connected = self._socket = self._socket or self._connect()
            for each in messages:
                connected.sendall(self._framed(each))
            _confirm(connected, is_stream=self._target.kind == "tcp")
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _framed(self, each: bytes) -> bytes:
        return b"%d %s" % (len(each), each) if self._target.kind == "tcp" else each

    def _connect(self) -> socket.socket:
        kind, address, port = self._target
        if kind == "tcp":
            return socket.create_connection((address, port), timeout=TIMEOUT)
        if kind == "local":
            return _connected(socket.AF_UNIX, lambda made: made.connect(address))
        (family, _, _, _, place), *_ = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)
        return _connected(family, lambda made: made.connect(place))


def _connected(family: int, connect: Callable[[socket.socket], None]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.settimeout(TIMEOUT)
    try:
        connect(made)
    except OSError:
        made.close()
        raise
    return made


def _confirm(connected: socket.socket, *, is_stream: bool) -> None:
    """Raises `OSError` if what was sent is known not to have been taken."""
    if error := connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, os.strerror(error))
    if not is_stream:
        return
    end = time.monotonic() + TIMEOUT
    while _unacknowledged(connected):
        if time.monotonic() > end:
            raise TimeoutError("what was sent is not acknowledged")
        time.sleep(_ASK_EVERY)
    # A receiver that has gone may have acknowledged what nobody reads any more.
    connected.setblocking(False)
    try:
        if connected.recv(4096) == b"":
            raise ConnectionResetError("the receiver closed the connection")
    except BlockingIOError:
        pass
    finally:
        connected.settimeout(TIMEOUT)


def _unacknowledged(connected: socket.socket) -> int:
    """How many bytes the receiver's machine has not acknowledged; 0 where that cannot be asked."""
    with contextlib.suppress(OSError):
        asked = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", asked)[0])
    return 0
