"""A view that fails while the client is in its frames, for what a traceback would show."""

from django.urls import path

from events import services


def fail(request):
    """Fail with the client, its settings and a request in local variables."""
    client = services.client()
    transport = client.__dict__
    raise RuntimeError(f"{client!r} with {len(transport)} parts")


urlpatterns = [path("fail/", fail)]
