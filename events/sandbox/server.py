"""The socket: HTTP/1.1 with keep-alive on a loopback address, and misbehaviour on the wire."""

import math
import socket
import threading
import time
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from events.sandbox.control import CONTROL_PATH, control, is_loopback
from events.sandbox.desk import Desk
from events.sandbox.messages import Refusal, Reply, Request

BODY_MAX_BYTES = 128 * 1024 * 1024
_DRIP_STEP_SECONDS = 0.05
_POLL_SECONDS = 0.1
_IDLE_SECONDS = 120
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Server(ThreadingHTTPServer):
    """Serves a desk. Raises `ValueError` for a host that is not loopback, `OSError` if in use."""

    daemon_threads = True
    request_queue_size = 256
    desk: Desk

    def __init__(self, host: str, port: int, ending: threading.Event) -> None:
        if not is_loopback(host):
            raise ValueError(
                f"{host} is not a loopback address. Write 127.0.0.1, ::1 or localhost."
            )
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.ending = ending
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Binds without the look-up of the host's full name, which may ask a name server.

        A port whose last connections are still being closed is free for the next one.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def opened(self, connection: socket.socket) -> None:
        """A handler starts on this connection."""
        with self._changed:
            self._open.add(connection)
            if self.ending.is_set():
                _shut(connection)

    def closed(self, connection: socket.socket) -> None:
        """A handler has ended."""
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def end_connections(self, patience: float = 5.0) -> None:
        """Cuts what is open, and waits up to `patience` seconds for the handlers to end."""
        with self._changed:
            for connection in self._open:
                _shut(connection)
            self._changed.wait_for(lambda: not self._open, patience)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints what went wrong, unless the sandbox is ending anyway."""
        if not self.ending.is_set():
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, lets the desk decide, does it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    rbufsize = 64 * 1024
    server: Server

    def setup(self) -> None:
        """Registers the connection, so that the server can end it."""
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        """Lets go of the connection."""
        self.server.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        """As long as the client stays; that it goes away is everyday business here."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        """Every method is the desk's business."""
        try:
            request = self._read()
        except Refusal as refusal:
            self.close_connection = True
            self._write(refusal.to_reply())
            return
        if not is_loopback(self.headers.get("Host", "")):
            self._write(
                Refusal(403, {"message": "The Host header is not this machine."}).to_reply()
            )
        elif request.path.startswith(CONTROL_PATH):
            self._write(control(self.server.desk, request))
        else:
            self._do(self.server.desk.reply(request))

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is not even HTTP is refused in the envelope, too."""
        self.close_connection = True
        self._write(Refusal(code, {"message": message or _REASONS.get(code, "")}).to_reply())

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the ledger is the record."""

    def _read(self) -> Request:
        if "Transfer-Encoding" in self.headers:
            raise Refusal(411, {"message": "Write a Content-Length."})
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(400, {"message": "Content-Length has to be a number."})
        if int(length) > BODY_MAX_BYTES:
            raise Refusal(413, {"message": f"The body is larger than {BODY_MAX_BYTES:,} bytes."})
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client left before its body was whole")
        return Request(self.command, self.path, headers, body)

    def _do(self, reply: Reply) -> None:
        match reply.manner:
            case "write":
                self._write(reply)
            case "slow":
                self._drip(self._bytes(reply), reply.seconds)
            case "truncate":
                self.close_connection = True
                whole = self._bytes(reply)
                self.connection.sendall(whole[: len(whole) - math.ceil(len(reply.body) / 2)])
            case "hang":
                self.close_connection = True
                self._hang(reply.seconds)
            case "drop":
                self.close_connection = True

    def _write(self, reply: Reply) -> None:
        self.connection.sendall(self._bytes(reply))

    def _bytes(self, reply: Reply) -> bytes:
        lines = [
            f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, '')}",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
            *(["Connection: close"] if self.close_connection else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body

    def _drip(self, whole: bytes, seconds: float) -> None:
        steps = max(1, round(seconds / _DRIP_STEP_SECONDS))
        size = math.ceil(len(whole) / steps)
        for start in range(0, len(whole), size):
            self.connection.sendall(whole[start : start + size])
            if self.server.ending.wait(seconds / steps):
                return

    def _hang(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.connection.setblocking(False)
        while time.monotonic() < until and not _has_left(self.connection):
            if self.server.ending.wait(_POLL_SECONDS):
                return


def _has_left(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
