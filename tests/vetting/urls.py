"""The app's URLs with the checks' own."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path

import events.admin.known  # noqa: F401
from events.views import check

urlpatterns = [
    path("hello/", lambda request: HttpResponse(f"hello {request.user.get_username()}")),
    path("events/check/", check.check, name="event_check"),
    path("events/check/cloudflare/", check.check_there, name="event_check_there"),
    path("events/<uuid:pk>/check/", check.check, name="event_check_saved"),
    path("admin/", admin.site.urls),
    path("", include("webui.urls")),
]
handler403 = "events.views.errors.forbidden"
handler404 = "events.views.errors.not_found"
