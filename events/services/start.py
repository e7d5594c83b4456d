"""What keeps a process from taking part: asked by the web server and the worker when they start."""

from django.conf import settings

from events import audit, clock
from events.services import signin


def trouble() -> str:
    """Why this process must not start, and what to do; empty if it may.

    Raises `DatabaseError` where the database is away, or is not migrated yet.
    """
    return clock.trouble() or audit.key_trouble() or demo_trouble()


def demo_trouble() -> str:
    """That there are accounts whose password is known, where events go to Cloudflare."""
    if settings.CLOUDFLARE.sandbox or not (demo := signin.demo_accounts()):
        return ""
    return (
        f"Events go to {settings.CLOUDFLARE.base_url}, but there are demo accounts, whose password "
        f"others know: {', '.join(user.get_username() for user in demo)}. They cannot sign in. "
        "Run manage.py demo_data --switch-off, and make accounts with manage.py createsuperuser."
    )
