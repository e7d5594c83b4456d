"""What every page's template knows besides its own: which API is in use, and how to show it."""

from django.conf import settings
from django.http import HttpRequest

from events.services import preferences


def desk(request: HttpRequest) -> dict[str, object]:
    """`sandbox`: True where events go to the sandbox and not to Cloudflare. `theme` and
    `time_zone` are what the person chose, empty for the default.
    """
    chosen = preferences.chosen(request)
    return {
        "sandbox": settings.CLOUDFLARE.sandbox,
        "theme": chosen.theme,
        "time_zone": chosen.time_zone,
    }
