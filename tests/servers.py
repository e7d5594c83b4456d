"""A TCP/TLS server that misbehaves on purpose, one script per request, and records what it got.

with MisbehavingServer(reply(200, b"{}")) as server:
    ...  # talk to server.url
assert len(server.requests) == 1
"""

from __future__ import annotations

import contextlib
import gzip
import select
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TLS_FOLDER = Path(__file__).parent / "tls"
TEST_AUTHORITY = str(TLS_FOLDER / "ca.pem")

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Received:
    """One request as it arrived: the exact bytes, and the same taken apart."""

    raw: bytes
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self._stopping = stopping
        self._waiting = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def pause(self, seconds: float) -> bool:
        """Waits; False as soon as the server is stopped."""
        return not self._stopping.wait(seconds)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def read_request(self) -> Received | None:
        head = self._read_until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        body = self._read_exactly(int(headers.get("content-length", "0")))
        method, target, _ = first.split(" ")
        return Received(head + body, method, target, headers, body)

    def _read_until(self, end: bytes) -> bytes | None:
        while end not in self._waiting:
            more = self.sock.recv(65536)
            if not more:
                return None
            self._waiting += more
        head, _, self._waiting = self._waiting.partition(end)
        return head + end

    def _read_exactly(self, count: int) -> bytes:
        while len(self._waiting) < count and (more := self.sock.recv(65536)):
            self._waiting += more
        body, self._waiting = self._waiting[:count], self._waiting[count:]
        return body


# A script answers one request and says whether the connection may carry another.
Script = Callable[[Peer, Received], bool]


def reply(status: int = 200, body: bytes = b"", headers: Headers = ()) -> Script:
    """A well-formed answer with a Content-Length, and the connection kept."""
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return reply_bytes("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, keep=True)


def reply_bytes(raw: bytes, *, keep: bool = False) -> Script:
    """These bytes exactly, then the connection is closed unless it is kept."""

    def script(peer: Peer, request: Received) -> bool:
        peer.send(raw)
        return keep

    return script


def drip(raw: bytes, *, at_once: int = 0, every: float = 0.05) -> Script:
    """`at_once` bytes, then the rest of `raw` one by one."""

    def script(peer: Peer, request: Received) -> bool:
        peer.send(raw[:at_once])
        for index in range(at_once, len(raw)):
            peer.send(raw[index : index + 1])
            if not peer.pause(every):
                break
        return False

    return script


def send_all(pieces: Callable[[], Iterator[bytes]]) -> Script:
    """Everything that `pieces` yields, then the connection is closed."""

    def script(peer: Peer, request: Received) -> bool:
        for piece in pieces():
            peer.send(piece)
        return False

    return script


def hang(after: bytes = b"") -> Script:
    """Sends `after`, and then nothing for as long as the server runs."""

    def script(peer: Peer, request: Received) -> bool:
        peer.send(after)
        peer.pause(3600)
        return False

    return script


def reset(after: bytes = b"") -> Script:
    """Sends `after`, then a TCP reset."""

    def script(peer: Peer, request: Received) -> bool:
        peer.send(after)
        peer.reset()
        return False

    return script


def close() -> Script:
    """The connection is closed without an answer."""
    return reply_bytes(b"")


def then_close(script: Script) -> Script:
    """As `script`, which promises to keep the connection, but it is closed all the same."""

    def closing(peer: Peer, request: Received) -> bool:
        script(peer, request)
        return False

    return closing


def tunnel() -> Script:
    """What a proxy does on CONNECT: pass bytes both ways until one side ends."""

    def script(peer: Peer, request: Received) -> bool:
        host, _, port = request.target.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as other:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for ready in select.select([peer.sock, other], [], [], 10)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return False
                    (other if ready is peer.sock else peer.sock).sendall(data)

    return script


def zeros(megabytes: int) -> Iterator[bytes]:
    """A chunked 200 answer of so many megabytes of zeros."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"0" * 0x100000 + b"\r\n"
    for _ in range(megabytes):
        yield chunk
    yield b"0\r\n\r\n"


def gzip_bomb(megabytes: int, extra: Headers = ()) -> bytes:
    """A gzip answer that unpacks to so many megabytes of zeros."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(b"0" * 0x100000) for _ in range(megabytes)) + packer.flush()
    return packed_answer(packed)


def packed_answer(packed: bytes) -> bytes:
    """A 200 answer that says its body is gzip."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


def gzipped(body: bytes) -> bytes:
    """A 200 answer with `body` as good gzip."""
    return packed_answer(gzip.compress(body))


class MisbehavingServer:
    """Answers the n-th request by the n-th script, and all further ones by the last.

    `tls` makes it speak TLS with the test authority's certificate for `localhost`. `greet` takes a
    new connection over before anything is read, and returns whether to go on with HTTP.
    """

    def __init__(
        self,
        *scripts: Script,
        tls: bool = False,
        greet: Callable[[Peer], bool] | None = None,
    ) -> None:
        self._scripts = scripts
        self._greet = greet
        self._context = _server_context() if tls else None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.requests: list[Received] = []
        self.connections = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        _shut(self._listener)
        with self._lock:
            for sock in self._open:
                _shut(sock)
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(sock)
                self.connections += 1
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._greet and not self._greet(Peer(sock, self._stopping)):
                return
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._open.append(sock)
            self._converse(Peer(sock, self._stopping))
        except OSError:
            pass
        finally:
            _shut(sock)

    def _converse(self, peer: Peer) -> None:
        while request := peer.read_request():
            with self._lock:
                self.requests.append(request)
                index = min(len(self.requests), len(self._scripts)) - 1
            if not self._scripts[index](peer, request):
                return


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS_FOLDER / "localhost.pem")
    return context


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
