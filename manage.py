#!/usr/bin/env python
"""The command line of Event Desk: `python manage.py help` lists the commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run one command; a wrong setting ends it with one line instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    try:
        import webui.settings  # noqa: F401, PLC0415 (read here so that a bad value is one line)
    except ImproperlyConfigured as error:
        sys.exit(f"event desk: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
