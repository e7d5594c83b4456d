"""The settings without what makes waiting for SQLite's write lock fair: the control of `load`."""

from webui.settings import *  # noqa: F403
from webui.settings import DATABASES

if DATABASES["default"]["ENGINE"] == "webui.sqlite3":
    DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
