"""Dying at a chosen step: the boundaries of the product are wrapped, the product knows nothing.

A trap is armed with the name of a step (plans.POINTS); passing it is SIGKILL to this process.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from events.cloudflare import Client
from events.cloudflare.deadline import BoundedSocket
from events.outbox import claims, worker


class Trap:
    """Kills this process at `point`, None never; `stage` says which commit would come next.

    `cut` varies where a send or an answer is cut; `skip` lets the point be passed so often first.
    """

    def __init__(self, point: str | None, cut: int, stage: str, skip: int = 0) -> None:
        self.point, self.cut, self.stage, self.skip = point, cut, stage, skip
        self.is_creating = False
        self.sent = self.received = 0

    def passing(self, point: str) -> None:
        """Die if this is the place."""
        if point != self.point:
            return
        if self.skip == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.skip -= 1

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
        trap.passing(f"before {trap.stage} commit")
        commit(wrapper)
        trap.passing(f"after {trap.stage} commit")

    BaseDatabaseWrapper._commit = dying


def _wrap_create(trap: Trap) -> None:
    create = Client.create_event

    def dying(client: Client, body: bytes) -> Any:
        trap.is_creating, trap.sent, trap.received = True, 0, 0
        try:
            return create(client, body)
        finally:
            trap.is_creating, trap.stage = False, "settle"
            trap.passing("after answer")

    Client.create_event = dying


def _wrap_socket(trap: Trap) -> None:
    """A create is two sends, head and body. Its answer may be received in one piece."""
    sendall, recv_into = BoundedSocket.sendall, BoundedSocket.recv_into

    def dying_sendall(sock: BoundedSocket, data: bytes, *rest: Any) -> None:
        if not trap.is_creating:
            sendall(sock, data, *rest)
            return
        if trap.point == "mid-send":
            _send_part(trap, lambda part: sendall(sock, part, *rest), bytes(data))
        sendall(sock, data, *rest)
        trap.sent += 1
        if trap.sent == 2:
            trap.passing("after send")

    def dying_recv_into(sock: BoundedSocket, buffer: Any, *rest: Any) -> int:
        if not trap.is_creating or trap.point != "mid-answer":
            return recv_into(sock, buffer, *rest)
        if trap.received:
            trap.passing("mid-answer")
        piece = memoryview(buffer)[: 12 + 30 * trap.cut]
        trap.received = recv_into(sock, piece)
        return trap.received

    BoundedSocket.sendall = dying_sendall
    BoundedSocket.recv_into = dying_recv_into


def _send_part(trap: Trap, send: Callable[[bytes], None], data: bytes) -> None:
    """Cut 0: connected only. 1: half the head. 2: the head. 3: half the body. 4: all but a byte."""
    is_body = trap.sent == 1
    if (trap.cut >= 2) != is_body:
        return
    length = {0: 0, 1: len(data) // 2, 2: 0, 3: len(data) // 2, 4: len(data) - 1}[trap.cut]
    if length:
        send(data[:length])
    trap.passing("mid-send")


def _staged(trap: Trap, step: Callable[..., Any], stage: str) -> Callable[..., Any]:
    """`step` of a worker; the next commit belongs to `stage`."""

    def staged(*args: Any, **kwargs: Any) -> Any:
        trap.stage = stage
        return step(*args, **kwargs)

    return staged


def _claiming(trap: Trap, claim: Callable[[], Any]) -> Callable[[], Any]:
    """`claim` of a worker; most find nothing to claim, and their commits are no steps."""

    def claiming() -> Any:
        trap.stage = "idle"
        claimed = claim()
        if claimed is not None:
            trap.passing("after claim commit")
        return claimed

    return claiming
