"""Every URL of Event Desk, grouped by prefix: a table of contents."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
