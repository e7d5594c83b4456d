"""The WSGI entry point: `gunicorn webui.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

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

history.pending.start()
