"""What the app sends fits the contract, and its token is nowhere to be found afterwards."""

import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from events import services
from events.models import Submission
from events.payload import EventCreate, Indicator, Raw
from tests.cloudflare.contract import validate
from tests.servers import Received
from tests.services.test_send import person, send
from tests.views.test_main_job import form

CANARY = "canary-Qx7vT0kEn-9f3e1c"


def test_every_request_of_the_app_fits_the_contract(ana, sandbox, settings):
    settings.SEND_LIMIT = 100
    send(ana)
    call_command("refresh_reference")
    call_command("probe_api")
    private = next(dataset.uuid for dataset in sandbox.ledger.datasets() if not dataset.is_public)
    rows = [Indicator(indicator_type="domain", value=f"{n}.example") for n in range(3)]
    several = EventCreate.with_indicators(
        rows,
        category="Domain Resolution",
        date=datetime(2026, 11, 23, tzinfo=UTC),
        event="Three at once",
        insight="why",
        tlp="red",
        tags=("phishing", "october"),
        dataset_id=private,
        raw=Raw(data={"a": [1, None, {"b": 1.5}]}, source="mail", tlp="amber"),
    )
    services.send(person=person(ana), token=uuid4(), typed={}, payload=several)
    assert len(sandbox.requests) > 8
    for request in sandbox.requests:
        validate(_received(request))
    assert len(sandbox.ledger.events()) == 2


def _received(request):
    return Received(
        raw=b"",
        method=request.method,
        target=request.target,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )


@pytest.mark.parametrize(
    "behaviour", ["", "401", "400", "500-after", "drop-after", "html-200", "hang-after"]
)
def test_the_token_is_in_no_page_log_row_or_traceback(
    as_ana, as_otto, api_at, sandbox, caplog, capsys, settings, behaviour
):
    caplog.set_level(logging.DEBUG)
    settings.DEBUG = True
    api_at(sandbox.base_url, token=CANARY, deadline=1.0)
    if behaviour:
        sandbox.behave("create", behaviour)
    pages = [as_ana.post(reverse("event_new"), form(as_ana), follow=True)]
    pk = Submission.objects.get().pk
    for path in ("/", "/events/", f"/events/{pk}/", "/nowhere"):
        pages.append(as_ana.get(path))
    pages.append(as_otto.get("/admin/events/auditentry/"))
    as_ana.raise_request_exception = False
    settings.ROOT_URLCONF = "tests.services.failing_urls"
    pages.append(as_ana.get("/fail/"))
    settings.ROOT_URLCONF = "webui.urls"

    assert pages[-1].status_code == 500
    for page in pages:
        assert CANARY not in page.content.decode()
        assert CANARY not in str(page.headers)
    assert CANARY not in caplog.text
    assert CANARY not in "".join(capsys.readouterr())
    assert CANARY not in _whole_database()


def _whole_database():
    with connection.cursor() as cursor:
        parts = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                parts += [
                    bytes(v).decode(errors="replace")
                    if isinstance(v, bytes | memoryview)
                    else str(v)
                    for v in row
                ]
    return "\n".join(parts)
