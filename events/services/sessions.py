"""Sessions of people: when each began, was last used, and ends; who ends one ends it for good.

Beside the session of each signed-in person stands a row of its own (`UserSession`), and the session
counts only as long as it does. Times are the database's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from events import audit, clock
from events.audit.body import plain
from events.services import people

# How often the use of a session is written down, at most.
NOTED_EVERY = timedelta(minutes=1)
NO_ADDRESS = "::"
AGENT_MAX = 200
IDLE, LONGEST, GONE, SIGNED_OUT = "idle", "longest", "gone", "out"

_ROW = (
    f"SELECT s.session_data, s.expire_date, u.user_id, u.created_at, u.last_seen_at "  # noqa: S608
    f"FROM {Session._meta.db_table} s LEFT JOIN {UserSession._meta.db_table} u "
    "ON u.session_key = s.session_key WHERE s.session_key = %s"
)


@dataclass
class Standing:
    """Whose a session is, when they signed in, and when they last did something."""

    user_id: int
    began_at: datetime
    used_at: datetime

    @property
    def last_end(self) -> datetime:
        """When it ends whatever anybody does."""
        return self.began_at + settings.SESSION_LONGEST

    @property
    def ends_at(self) -> datetime:
        """When it ends if nothing is done any more."""
        return min(self.used_at + settings.SESSION_IDLE, self.last_end)

    @property
    def ended(self) -> str:
        """Why it does not count any more, as `why_ended` knows it; empty while it does."""
        now = clock.now()
        if now >= self.last_end:
            return LONGEST
        return IDLE if now >= self.ends_at else ""


def watch() -> None:
    """Note each sign-in, whichever door it comes through."""
    user_logged_in.connect(_begin)


def read(key: str) -> tuple[str, Standing | None] | None:
    """What the session with this `key` holds, as it is stored, and how it stands, in one query.

    None if it is not there any more. A standing is missing where nobody is signed in, or where
    somebody ended the session; one that ended by itself has its `ended`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ROW, [key])
        row = cursor.fetchone()
    if row is None or _moment(row[1]) <= clock.now():
        return None
    if row[2] is None:
        return row[0], None
    return row[0], Standing(row[2], _moment(row[3]), _moment(row[4]))


def why_ended(name: str) -> str:
    """What to tell who is not signed in any more; empty for what is no reason."""
    idle, longest = _length(settings.SESSION_IDLE), _length(settings.SESSION_LONGEST)
    sentences = {
        IDLE: f"You were signed out because nothing was done for {idle}. Sign in to go on.",
        LONGEST: f"You were signed out because {longest} have passed. Sign in to go on.",
        GONE: "You were signed out. Sign in to go on.",
        SIGNED_OUT: "You are signed out.",
    }
    return sentences.get(name, "")


def _length(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes // 60} hours" if minutes >= 120 and not minutes % 60 else f"{minutes} minutes"


def used(session: SessionBase) -> None:
    """Note that the person did something."""
    standing, now = _standing(session), clock.now()
    if standing is None or now - standing.used_at < min(NOTED_EVERY, settings.SESSION_IDLE / 30):
        return
    with transaction.atomic():
        UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)
    standing.used_at = now


def left(session: SessionBase) -> tuple[int, bool] | None:
    """Seconds until the session ends if nothing is done, and whether nothing can be done.

    None if nobody is signed in.
    """
    standing = _standing(session)
    if standing is None:
        return None
    seconds = (standing.ends_at - clock.now()).total_seconds()
    return max(0, int(seconds)), standing.ends_at == standing.last_end


def of(user: User) -> QuerySet[UserSession]:
    """The sessions of `user` that have not ended, the one last used first."""
    own: QuerySet[UserSession] = UserSession.objects.filter(user=user)
    return own.exclude(_ended()).order_by("-last_seen_at", "-pk")


def end_own(person: people.Person, rows: QuerySet[UserSession]) -> int:
    """End those of the person's own sessions, and log it; says how many."""
    return _end_logged(person, person.user, rows.filter(user=person.user), "own")


def end_of(person: people.Person, user: User) -> int:
    """End every session of another person, and log it; says how many."""
    return _end_logged(person, user, UserSession.objects.filter(user=user), "all")


def end_all(user: User, *, but: str | None = None) -> int:
    """End every session of `user`, but the one with that key; says how many."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=but)
    return end(*rows.values_list("session_key", flat=True))


def end(*keys: str) -> int:
    """End the sessions with these `keys`; says how many there were."""
    # The row beside it first, as everywhere: two that end the same session cannot deadlock.
    with transaction.atomic():
        count, _ = UserSession.objects.filter(session_key__in=keys).delete()
        Session.objects.filter(session_key__in=keys).delete()
    return int(count)


def keep_all(request: HttpRequest | None, user: User) -> None:
    """The hash of the same password is another one: every session of `user` goes on with it."""
    fitting = user.get_session_auth_hash()
    rows = UserSession.objects.select_for_update().filter(user=user).order_by("pk")
    keys = list(rows.values_list("session_key", flat=True))
    for row in Session.objects.select_for_update().filter(session_key__in=keys):
        values = row.get_decoded() | {HASH_SESSION_KEY: fitting}
        row.session_data = Session.objects.encode(values)
        row.save(update_fields=["session_data"])
    if request is not None and request.session.get(SESSION_KEY) == str(user.pk):
        request.session[HASH_SESSION_KEY] = fitting


def move(old: str, new: str) -> None:
    """The session got another key."""
    UserSession.objects.filter(session_key=old).update(session_key=new)


@transaction.atomic
def _end_logged(person: people.Person, user: User, rows: QuerySet[UserSession], which: str) -> int:
    ended = list(rows.values_list("session_key", "ip", "user_agent"))
    if not ended:
        return 0
    count = end(*(key for key, _, _ in ended))
    where = "; ".join(f"{shown_address(ip)} {browser(agent)}" for _, ip, agent in ended)
    reason = f"{user.get_username()}: {count} {which}{f': {where}' if where else ''}"
    fact = audit.Fact("session.ended", person.actor, object_id=f"user:{user.pk}", reason=reason)
    audit.append(fact)
    return count


def _begin(sender: type[User], request: HttpRequest, user: User, **_: object) -> None:
    """Give the session its row, and sweep out those that have ended."""
    if request.session.session_key is None:
        request.session.save()
    now = clock.now()
    values: dict[str, Any] = {
        "user": user,
        "ip": _storable_address(people.address(request)),
        "user_agent": plain(request.META.get("HTTP_USER_AGENT", ""), AGENT_MAX),
        "created_at": now,
        "last_seen_at": now,
    }
    _sweep()
    UserSession.objects.update_or_create(session_key=request.session.session_key, defaults=values)
    request.session.standing = Standing(user.pk, now, now)  # type: ignore[attr-defined]


@transaction.atomic
def _sweep() -> None:
    """Delete what has ended, but what somebody else is sweeping out just now.

    A session with a row beside it is not locked before that row, and ends with it.
    """
    rows = UserSession.objects.select_for_update(skip_locked=True).filter(_ended())
    old = Session.objects.select_for_update(skip_locked=True).filter(expire_date__lte=clock.now())
    old = old.exclude(session_key__in=UserSession.objects.values("session_key"))
    end(*rows.values_list("session_key", flat=True), *old.values_list("session_key", flat=True))


def _ended() -> Q:
    now = clock.now()
    idle = Q(last_seen_at__lte=now - settings.SESSION_IDLE)
    return idle | Q(created_at__lte=now - settings.SESSION_LONGEST)


def _standing(session: SessionBase) -> Standing | None:
    """How `session` stands, which is read when the session is; None if nobody is signed in."""
    standing = getattr(session, "standing", None) if SESSION_KEY in session else None
    return standing if isinstance(standing, Standing) else None


def _moment(value: datetime | str) -> datetime:
    """A time that SQL was asked for; SQLite answers with text, which is in UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _storable_address(text: str) -> str:
    """`text` if it is an IP address; behind a socket file there is none."""
    try:
        return str(ip_address(text)).partition("%")[0]
    except ValueError:
        return NO_ADDRESS


def shown_address(text: str) -> str:
    """The address of a session in words."""
    return "unknown address" if text == NO_ADDRESS else text


# The first that is named in the header decides: browsers name those that they are like, too.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def browser(agent: str) -> str:
    """The browser and system that a User-Agent header names, in words."""
    name = next((name for mark, name in _BROWSERS.items() if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    if not name:
        return plain(agent.partition(" ")[0], 40) or "unknown browser"
    return f"{name} on {system}" if system else name
