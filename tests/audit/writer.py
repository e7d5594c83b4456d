"""A process that appends from two threads: `python -m tests.audit.writer NAME TIMES`."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import django


def main(name: str, times: int) -> None:
    """Each thread records two facts `times` times."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    django.setup()
    from events import audit

    def write(thread: int) -> None:
        actor = audit.Actor.system(f"{name}, thread {thread}")
        for _ in range(times):
            audit.record(
                audit.Fact("submission.frozen", actor, attachments={"payload": "{}"}),
                audit.Fact("submission.sending", actor),
            )

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(2)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
