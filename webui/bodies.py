"""Bodies of requests: how much is read, from whom, and for how long.

Nothing of a body is read before it is known to be within bounds, and one that does not arrive whole
and in time is refused: a part of a form is never taken for the form.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from events.views import errors

# Somebody whose session has ended while typing is a stranger, whose text goes along through the
# sign-in page: with its thousand indicators it may have a megabyte.
STRANGERS_MAX_BYTES = 2 * 1024 * 1024


class NoFiles(FileUploadHandler):
    """No page takes files: they are left out, and written nowhere."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Leave this one out."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Nothing is kept."""

    def file_complete(self, file_size: int) -> None:
        """There is no file."""


def bounded(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse a body that is too large for who sends it, and read all others whole.

    Stands behind the middleware that says who it is, and before all that reads the form.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        _check_length(request)
        _read_whole(request)
        return get_response(request)

    return middleware


def _check_length(request: HttpRequest) -> None:
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise errors.UnreadableError(411, errors.NO_LENGTH)
    if _length(request) > STRANGERS_MAX_BYTES and not request.user.is_authenticated:
        raise errors.UnreadableError(413, errors.TOO_LARGE_FOR_STRANGERS)


def _read_whole(request: HttpRequest) -> None:
    """Into memory, within the bound that Django checks first: `DATA_UPLOAD_MAX_MEMORY_SIZE`."""
    length = _length(request)
    if not length:
        return
    try:
        with _deadline(request.META.get("gunicorn.socket")):
            is_whole = len(request.body) == length
    except UnreadablePostError:
        is_whole = False
    if not is_whole:
        raise errors.UnreadableError(408, errors.NOT_WHOLE)


def _length(request: HttpRequest) -> int:
    said = str(request.META.get("CONTENT_LENGTH") or "")
    return int(said) if said.isascii() and said.isdecimal() else 0


@contextmanager
def _deadline(connection: socket.socket | None) -> Iterator[None]:
    """End what reads from `connection` when the time is over: it is as if the client had left.

    A timeout of the socket would be one for each piece, however small.
    """
    if connection is None:
        yield
        return
    timer = threading.Timer(settings.BODY_SECONDS, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return
