"""Every URL of Event Desk, grouped by prefix: a table of contents."""

from django.contrib import admin
from django.urls import path

from events.views import (
    accounts,
    check,
    entry,
    event,
    events,
    health,
    home,
    preferences,
    sessions,
    templates,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("events/", events.events, name="events"),
    path("events/new/", entry.new, name="event_new"),
    path("events/check/", check.check, name="event_check"),
    path("events/check/cloudflare/", check.check_there, name="event_check_there"),
    path("events/<uuid:pk>/", event.event, name="event_detail"),
    path("events/<uuid:pk>/edit/", entry.edit, name="event_edit"),
    path("events/<uuid:pk>/check/", check.check, name="event_edit_check"),
    path("events/<uuid:pk>/state/", event.event_state, name="event_state"),
    path("events/<uuid:pk>/discard/", event.discard, name="event_discard"),
    path("events/<uuid:pk>/decide/", event.decide, name="event_decide"),
    path("events/<uuid:pk>/restore/", event.restore, name="event_restore"),
    path("events/<uuid:pk>/take-back/", event.take_back, name="event_take_back"),
    path("events/<uuid:pk>/duplicate/", event.duplicate, name="event_duplicate"),
    path("events/<uuid:pk>/correct/", event.correct, name="event_correct"),
    path("events/<uuid:pk>/look/", event.look, name="event_look"),
    path("events/<uuid:pk>/try-now/", event.try_now, name="event_try_now"),
    path("templates/", templates.templates, name="templates"),
    path("templates/<uuid:pk>/rename/", templates.rename, name="template_rename"),
    path("templates/<uuid:pk>/delete/", templates.delete, name="template_delete"),
    path("accounts/", sessions.account, name="account"),
    path("accounts/sessions/", sessions.own, name="sessions"),
    path("accounts/session/", sessions.session, name="session"),
    path("accounts/login/", accounts.SignIn.as_view(), name="login"),
    path("accounts/logout/", accounts.SignOut.as_view(), name="logout"),
    path("accounts/password/", accounts.ChangePassword.as_view(), name="password_change"),
    path("accounts/reauthenticate/", accounts.Again.as_view(), name="account_reauthenticate"),
    # The library's names for the same pages.
    path("accounts/login/", accounts.SignIn.as_view(), name="account_login"),
    path("accounts/logout/", accounts.SignOut.as_view(), name="account_logout"),
    path("accounts/preferences/", preferences.preferences, name="preferences"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
]

handler400 = "events.views.errors.bad_request"
handler403 = "events.views.errors.forbidden"
handler404 = "events.views.errors.not_found"
handler500 = "events.views.errors.server_error"
