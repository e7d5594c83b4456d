"""What every page's template knows besides its own: which API is in use."""

from django.conf import settings
from django.http import HttpRequest


def desk(request: HttpRequest) -> dict[str, object]:
    """`sandbox`: True where events go to the sandbox and not to Cloudflare."""
    return {"sandbox": settings.CLOUDFLARE.sandbox}
