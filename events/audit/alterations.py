"""Events that were altered in the database: told until somebody who may see the log has looked.

What was altered is stopped or put back, and its author is told. Who can write to the database past
this program is for those to find out who see the log, whatever becomes of the event.
"""

from django.db.models import Exists, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat

from events.models import AuditEntry

ALTERED = "submission.altered"
PUT_BACK = "submission.put_back"
VIEWED = "audit.viewed"
_MOST = 20


def unseen_alterations() -> list[int]:
    """The newest entries of alterations that nobody has opened yet, the newest first."""
    name = Concat(Value("audit:"), Cast(OuterRef("seq"), TextField()))
    views = AuditEntry.objects.filter(action=VIEWED, object_id=name)
    told = AuditEntry.objects.filter(~Exists(views), action__in=(ALTERED, PUT_BACK))
    return list(told.order_by("-at", "-seq").values_list("seq", flat=True)[:_MOST])
