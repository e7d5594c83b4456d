"""Forked processes: a role runs in a child, says what it acknowledges, and may be killed."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple

AT_MOST_SECONDS = 120

Say = Callable[[str], None]
Role = Callable[[Say], None]


class Child(NamedTuple):
    """A process under way, and the pipe on which it speaks."""

    pid: int
    pipe: int


class Ended(NamedTuple):
    """What a process said before it ended, and whether it was killed."""

    lines: list[str]
    is_killed: bool


def start(role: Role, at_most: int | None = AT_MOST_SECONDS) -> Child:
    """Fork a process that does `role`. The parent must hold no thread and no connection."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    code = 1
    try:
        gc.disable()  # it would copy every page that the parent shares
        signal.alarm(at_most or 0)
        role(lambda line: _write(writing, line))
        code = 0
    except BaseException:  # the child must never go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _write(pipe: int, line: str) -> None:
    """At once, so that nothing that was said is lost with the process."""
    os.write(pipe, line.encode() + b"\n")


def read(pipe: int) -> bytes:
    """What came on a pipe; nothing at its end."""
    return os.read(pipe, 1 << 16)


def end(child: Child) -> Ended:
    """Wait for it. Raises `RuntimeError` if it ended in any other way than well or by SIGKILL."""
    with os.fdopen(child.pipe, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    _, status = os.waitpid(child.pid, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if status and not is_killed:
        raise RuntimeError(f"a process of the matrix ended with status {status}")
    return Ended(lines, is_killed)


def run(role: Role) -> Ended:
    """`start` and `end`."""
    return end(start(role))
