"""`make bench`: ratios against floors that are measured in the same run, in turns."""

import os
import sys
from collections.abc import Callable

import tests.environment  # noqa: F401 (sets the environment before Django is read)

os.environ["DJANGO_SETTINGS_MODULE"] = "webui.settings"


def main() -> int:
    """Print every figure; 1 if one that has to be reached was not."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ROOT_URLCONF = "tests.bench.urls"
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.LOGGING_CONFIG = None
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    call_command("migrate", verbosity=0)

    from tests.bench import audit, check, form, load, outage, send, slow
    from tests.indicators import report

    wanted = sys.argv[1:]
    parts: dict[str, Callable[[], list[str]]] = {
        "form": form.run,
        "send": send.run,
        "load": load.run,
        "check": check.run,
        "audit": audit.run,
        "outage": outage.run,
        "slow": slow.run,
        "indicators": report.run,
    }
    missed: list[str] = []
    for name, run in parts.items():
        if not wanted or name in wanted:
            missed += run()
    for line in missed:
        print(f"not reached: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
