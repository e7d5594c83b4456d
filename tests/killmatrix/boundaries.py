"""Dying at a chosen step: the boundaries of the product are wrapped, the product knows nothing.

A trap is armed with the name of a step (plans.POINTS); passing it is SIGKILL to this process. It
may cut the database connection instead, or keep this process from going on.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from events.cloudflare import Client
from events.cloudflare.deadline import BoundedSocket
from events.outbox import claims, worker
from tests.killmatrix.plans import NO_TROUBLE, Trouble

CUT_BY_MATRIX = "the connection was cut by the matrix"


class _Now(threading.local):
    """What this thread is at; the crew of a worker has several."""

    stage = ""
    is_creating = False
    sent = received = 0


class Trap:
    """Kills this process at `point`, None never; `stage` says which commit would come next.

    `cut` varies where a send or an answer is cut; `skip` lets the point be passed so often first.
    `trouble` cuts the database connection, or stalls this process when an answer is there.
    `has_cut` is whether a connection was cut yet.
    """

    def __init__(
        self,
        point: str | None,
        cut: int,
        stage: str,
        *,
        skip: int = 0,
        trouble: Trouble = NO_TROUBLE,
    ) -> None:
        self.point, self.cut, self.skip, self.trouble = point, cut, skip, trouble
        self.has_cut = False
        self.now = _Now()
        self.now.stage = stage
        self._cuts_left = trouble.cut.times if trouble.cut else 0

    def passing(self, point: str) -> None:
        """Die if this is the place."""
        if point != self.point:
            return
        if self.skip == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.skip -= 1

    def cuts(self, when: str) -> bool:
        """Whether the database connection is to be cut here."""
        cut = self.trouble.cut
        if not self._cuts_left or cut is None or (cut.stage, cut.when) != (self.now.stage, when):
            return False
        self._cuts_left -= 1
        self.has_cut = True
        return True

    def install(self) -> None:
        """Wrap commits, the create and its socket, and the worker's steps."""
        _wrap_commits(self)
        _wrap_create(self)
        _wrap_socket(self)
        worker.deliver = _staged(self, worker.deliver, "settle")
        worker.reconcile = _staged(self, worker.reconcile, "reconcile")
        claims.to_send = _claiming(self, claims.to_send)
        claims.to_search = _claiming(self, claims.to_search)
        claims.to_unknown = _staged(self, claims.to_unknown, "claim")


def _wrap_commits(trap: Trap) -> None:
    commit = BaseDatabaseWrapper._commit

    def dying(wrapper: BaseDatabaseWrapper) -> None:
        stage = trap.now.stage
        trap.passing(f"before {stage} commit")
        if trap.cuts("before"):
            _cut_connection(wrapper)
        commit(wrapper)
        if trap.cuts("after"):
            _cut_connection(wrapper)
            raise OperationalError(CUT_BY_MATRIX)
        trap.passing(f"after {stage} commit")

    BaseDatabaseWrapper._commit = dying


def _cut_connection(wrapper: BaseDatabaseWrapper) -> None:
    """On PostgreSQL by its server, from another session; a file has no connection to cut."""
    if wrapper.vendor != "postgresql":
        raise OperationalError(CUT_BY_MATRIX)
    session = wrapper.connection.info
    with psycopg.connect(session.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [session.backend_pid])


def _wrap_create(trap: Trap) -> None:
    create = Client.create_event

    def dying(client: Client, body: bytes) -> Any:
        now = trap.now
        now.is_creating, now.sent, now.received = True, 0, 0
        try:
            return create(client, body)
        finally:
            now.is_creating, now.stage = False, "settle"
            trap.passing("after answer")
            time.sleep(trap.trouble.stall)

    Client.create_event = dying


def _wrap_socket(trap: Trap) -> None:
    """A create is two sends, head and body. Its answer may be received in one piece."""
    sendall, recv_into = BoundedSocket.sendall, BoundedSocket.recv_into

    def dying_sendall(sock: BoundedSocket, data: bytes, *rest: Any) -> None:
        if not trap.now.is_creating:
            sendall(sock, data, *rest)
            return
        if trap.point == "mid-send":
            _send_part(trap, lambda part: sendall(sock, part, *rest), bytes(data))
        sendall(sock, data, *rest)
        trap.now.sent += 1
        if trap.now.sent == 2:
            trap.passing("after send")

    def dying_recv_into(sock: BoundedSocket, buffer: Any, *rest: Any) -> int:
        if not trap.now.is_creating or trap.point != "mid-answer":
            return recv_into(sock, buffer, *rest)
        if trap.now.received:
            trap.passing("mid-answer")
        piece = memoryview(buffer)[: 12 + 30 * trap.cut]
        trap.now.received = recv_into(sock, piece)
        return trap.now.received

    BoundedSocket.sendall = dying_sendall
    BoundedSocket.recv_into = dying_recv_into


def _send_part(trap: Trap, send: Callable[[bytes], None], data: bytes) -> None:
    """Cut 0: connected only. 1: half the head. 2: the head. 3: half the body. 4: all but a byte."""
    is_body = trap.now.sent == 1
    if (trap.cut >= 2) != is_body:
        return
    length = {0: 0, 1: len(data) // 2, 2: 0, 3: len(data) // 2, 4: len(data) - 1}[trap.cut]
    if length:
        send(data[:length])
    trap.passing("mid-send")


def _staged(trap: Trap, step: Callable[..., Any], stage: str) -> Callable[..., Any]:
    """`step` of a worker; the next commit belongs to `stage`."""

    def staged(*args: Any, **kwargs: Any) -> Any:
        trap.now.stage = stage
        return step(*args, **kwargs)

    return staged


def _claiming(trap: Trap, claim: Callable[[], Any]) -> Callable[[], Any]:
    """`claim` of a worker; most find nothing to claim, and their commits are no steps."""

    def claiming() -> Any:
        trap.now.stage = "idle"
        claimed = claim()
        if claimed is not None:
            trap.passing("after claim commit")
        return claimed

    return claiming
