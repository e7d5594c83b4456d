"""The product's URLs, and the two floors that it is measured against."""

import json
from functools import lru_cache

import requests
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from events.models import Throttle
from webui.urls import urlpatterns as product

BODY = json.dumps(
    {
        "category": "Domain Resolution",
        "date": "2022-04-01T00:00:00Z",
        "event": "An attacker registered the domain domain.com",
        "tlp": "amber",
        "raw": {"data": {}},
        "indicator": "domain.com",
        "indicatorType": "domain",
    }
).encode()


def hello(request: HttpRequest) -> HttpResponse:
    """A page behind the same middleware and sign-in that says hello to the user by name."""
    return HttpResponse(f"<!doctype html><title>Hello</title>Hello {request.user}")


@lru_cache(maxsize=1)
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {settings.CLOUDFLARE.token}"
    return session


def bare(request: HttpRequest) -> HttpResponse:
    """Intent, one pooled POST, outcome: the two durable commits that losing nothing takes.

    Nothing is checked, claimed or logged.
    """
    token = request.POST["form_token"]
    Throttle.objects.create(key=token, since=timezone.now(), count=0)
    cloudflare = settings.CLOUDFLARE
    answer = _session().post(
        f"{cloudflare.base_url}/accounts/{cloudflare.account_id}/cloudforce-one/events/create",
        data=BODY,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    Throttle.objects.filter(key=token).update(count=1)
    return HttpResponse(answer.json()["uuid"])


urlpatterns = [path("hello/", hello), path("bare/", bare), *product]
