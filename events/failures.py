"""What may be said in a log of an error: where it happened and its first line, never a row's text.

PostgreSQL names values: in the lines after the first (DETAIL, CONTEXT), and in the first where it
could not read a value at all. Other errors quote what they were given after their first line too.
"""

import logging
import re
import sys
import threading
import traceback
from types import TracebackType

# Errors of the class "data exception": their first line quotes the value.
_QUOTING = "22"
_CLIENT_FAULTS = range(400, 500)
_QUERY = re.compile(r"\?\S+")


def first_line(error: BaseException) -> str:
    """Its kind and first line; of a value that the database could not read, only the number."""
    kind = type(error).__name__
    state = _sqlstate(error)
    if state.startswith(_QUOTING):
        return f"{kind}: a value was refused ({state})"
    return f"{kind}: {next(iter(str(error).splitlines()), '')}"


def story(error: BaseException) -> str:
    """The traceback of `error` and of those that led to it, the first one first."""
    return "\n".join(_told(each) for each in reversed(_chain(error)))


class LineFormatter(logging.Formatter):
    """Lines of the log: a fault of ours with its traceback, a refused request without one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback where somebody has to find a fault."""
        # Of a copy, without what another handler may have made of the traceback.
        own = record.__dict__ | {"exc_text": None}
        if _is_of_client(record):
            # Django quotes the page that a refused form came from.
            message = _QUERY.sub("?", record.getMessage())
            own |= {"exc_info": None, "msg": message, "args": None}
        return super().format(logging.makeLogRecord(own))

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """The traceback without any text of a row."""
        return story(ei[1]) if ei[1] else ""


def tell_uncaught() -> None:
    """Errors that end a command or a thread are told in the same way."""
    sys.excepthook = lambda kind, error, trace: _tell(error)
    threading.excepthook = lambda ended: _tell(ended.exc_value)


def _tell(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.exit(130)
    if error is not None:
        print(story(error), file=sys.stderr)


def _is_of_client(record: logging.LogRecord) -> bool:
    is_refused = getattr(record, "status_code", 500) in _CLIENT_FAULTS
    return is_refused or record.name.startswith("django.security.")


def _sqlstate(error: BaseException) -> str:
    """PostgreSQL's number of the error, also where Django has wrapped it; else empty."""
    for each in (error, error.__cause__):
        state = getattr(each, "sqlstate", None)
        if isinstance(state, str):
            return state
    return ""


def _chain(error: BaseException) -> list[BaseException]:
    """`error`, what it came from, and so on."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        is_hidden = following.__suppress_context__
        following = following.__cause__ or (None if is_hidden else following.__context__)
    return chain


def _told(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{first_line(error)}"
