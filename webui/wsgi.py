"""The WSGI entry point: `gunicorn webui.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, InterfaceError, connection

from events import failures, private

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
try:
    private.guard_process()
    failures.tell_uncaught()
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"event desk: {error}")

# The models can be imported only now.
from events.outbox import history
from events.services import start

try:
    trouble = start.trouble()
except (DatabaseError, InterfaceError):
    # It serves nothing yet, and `/healthz` says so.
    trouble = ""
finally:
    connection.close()
if trouble:
    sys.exit(f"event desk: {trouble}")

history.pending.start()
