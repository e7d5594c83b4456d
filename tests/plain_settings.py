"""The settings as the type checker's plugin reads them: those of a desk for this machine alone."""

import os

os.environ.setdefault("PLAIN_HTTP", "1")

from webui.settings import *  # noqa: F403
