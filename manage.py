#!/usr/bin/env python
"""The command line of Event Desk: `python manage.py help` lists the commands."""

import io
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from events import failures, private


def main() -> None:
    """Run one command; a wrong setting ends it with one line instead of a traceback."""
    private.guard_process()
    failures.tell_uncaught()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    _write_whatever_the_locale()
    try:
        import webui.settings  # noqa: F401, PLC0415 (read here so that a bad value is one line)
    except ImproperlyConfigured as error:
        sys.exit(f"event desk: {error}")
    execute_from_command_line(sys.argv)


def _write_whatever_the_locale() -> None:
    """A name that the terminal's encoding lacks is written with escapes, and ends no command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
