"""Files that only the desk's own user may read, whatever was there before.

Everything here is typed text, marked or not, a key, or a list of what was sent. Raises `OSError`
where the system refuses, and `TooOpenError` where somebody else's file is open to others.
"""

import os
import resource
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UMASK = 0o077
OTHERS = 0o007
SIDE_FILES = ("-wal", "-shm", "-journal")


class TooOpenError(Exception):
    """A file that others may read and that is not ours to close; its text says what to do."""


def guard_process() -> None:
    """What this process makes from now on is its user's alone, and its memory is never dumped."""
    os.umask(UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def close_folder(folder: Path) -> None:
    """Make `folder` where it is missing; it and the files in it are ours alone afterwards."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & stat.S_ISVTX:
        raise TooOpenError(f"{folder} is shared by all users. Name a folder of the desk's own")
    _close(folder, forbidden=UMASK)
    for entry in folder.iterdir():
        if entry.is_file() and not entry.is_symlink():
            _close(entry, forbidden=UMASK)


def close_database(path: Path) -> None:
    """The SQLite file at `path` and the files beside it, as far as they exist, are ours alone."""
    for file in (path, *(path.with_name(path.name + end) for end in SIDE_FILES)):
        if file.is_file():
            _close(file, forbidden=UMASK)


def make_database(path: Path) -> None:
    """As `close_database`, and an empty file is made where there is none.

    SQLite gives the files beside it the mode of the database itself.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    close_database(path)


def close_secret(path: Path) -> None:
    """Nobody else may read the secret at `path`; the group that it was given to may."""
    _close(path, forbidden=OTHERS)


def write_new(path: Path, content: bytes) -> None:
    """Make the file at `path`, which appears at once and whole. Raises `FileExistsError`."""
    with _written_beside(path, content) as part:
        path.hardlink_to(part)


def write_over(path: Path, content: bytes) -> None:
    """Make the file at `path`, or put another in its place: no reader meets half of it."""
    with _written_beside(path, content) as part:
        part.replace(path)


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A file with `content` in the folder of `path`, which is gone afterwards unless it was moved.

    It is on the disk before it is put in place.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def _close(path: Path, *, forbidden: int) -> None:
    """Take the rights in `forbidden` away, or tell whoever owns the file to do so."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return  # SQLite and other processes of the desk remove their files at any time.
    mode = stat.S_IMODE(found.st_mode)
    if not mode & forbidden:
        return
    wanted = mode & ~forbidden
    if found.st_uid != os.geteuid():
        raise TooOpenError(
            f"{path} may be read by others and belongs to another user. "
            f"Write: chmod {wanted:o} {path}"
        )
    path.chmod(wanted)
