"""Whether a person said who they are just now, for what more than a session is asked for."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from events import clock

_KEY = "confirmed_at"
# A form that was opened in time may be sent so much later: what is in it is not thrown away.
TO_FILL_IN = timedelta(minutes=15)


def confirm(*, request: HttpRequest, **_: object) -> None:
    """Note that the person behind `request` just signed in, or gave the password again.

    It receives `user_logged_in`, so that every way to sign in counts.
    """
    request.session[_KEY] = clock.now().timestamp()


def is_confirmed(request: HttpRequest) -> bool:
    """Whether that was recent enough to open a form, or a little longer ago to send it."""
    kept = request.session.get(_KEY)
    if not isinstance(kept, float):
        return False
    most = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    if request.method == "POST":
        most += TO_FILL_IN
    age = clock.now() - datetime.fromtimestamp(kept, UTC)
    return -timedelta(minutes=1) < age < most
