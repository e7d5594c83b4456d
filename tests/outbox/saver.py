"""`python -m tests.outbox.saver 20`: saves drafts one by one and prints what was acknowledged.

With 0 it verifies the log instead. The database is that of DATABASE_URL.
"""

import hashlib
import sys
from uuid import uuid4

import django
from django.db import DatabaseError, connection, transaction

django.setup()

from django.contrib.auth.models import User  # noqa: E402

from events import audit, services  # noqa: E402
from events.audit import Actor  # noqa: E402
from events.services import Person  # noqa: E402


def main(count: int) -> None:
    """Save `count` drafts, two versions of each; go on after an error of the database."""
    if count == 0:
        print("whole" if audit.verify().is_whole else "broken")
        return
    user = User.objects.get(username="ana")
    ana = Person(user, Actor(id=user.pk, name="ana", address="", request_id=""))
    for number in range(count):
        token = uuid4()
        for version in range(2):
            _save(ana, token, {"event": f"{number} {version} " * 500})


def _save(ana: Person, token: object, typed: dict[str, str]) -> None:
    try:
        draft = services.save_draft(person=ana, token=token, typed=typed)
    except (DatabaseError, services.Conflict, transaction.TransactionManagementError) as error:
        connection.close()
        print("failed", type(error).__name__, flush=True)
        return
    print("saved", draft.pk.hex, hashlib.sha256(draft.typed.encode()).hexdigest(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
