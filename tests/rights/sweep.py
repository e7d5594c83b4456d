"""Asking one address as somebody, and undoing what it did."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils.http import urlencode

from tests.rights.addresses import path
from tests.rights.forms import FORMS, QUERIES
from tests.rights.world import LOG, READERS, TOLD, World

_WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
# What looking at a page may write: that somebody looked, and that they are still there.
EVIDENCE = re.compile(r"events_audit\w*|django_session|usersessions_\w+|events_throttle")
_TO_SIGN_IN = ("/accounts/login/?next=", "/admin/login/?next=")


class Question(NamedTuple):
    """What is asked: `asked` is the name of a query or a form of the page, `-` without one."""

    method: str
    page: str
    asked: str
    key: str


class Answer(NamedTuple):
    """What somebody got.

    `status` is the code, or `in` for being led to the sign-in page; with a `+` if rows were
    written. `leaks` are canaries and keys that are not for them.
    """

    status: str
    leaks: tuple[str, ...]


def questions(method: str, page: str) -> dict[str, dict[str, object]]:
    """What is asked of `page` by this method, by name."""
    return (QUERIES if method == "GET" else FORMS).get(page, {"-": {}})


def ask(world: World, who: str, question: Question, **browser: Any) -> Answer:
    """One request of `who`; everything that it changed is taken back."""
    fields = fields_of(world, question)
    with undone(), writes() as written:
        response = send(world.browser(who, **browser), question, fields)
    asked = f"{question.key} {fields.values()}"
    does = "+" if written else ""
    leaks = _leaks(world, who, whole(response), asked)
    told = TOLD.get((who, question.page), set())
    if question.page.startswith(LOG):
        told = told | set(world.hidden)
    return Answer(f"{_status(response)}{does}", tuple(each for each in leaks if each not in told))


def send(client: Client, question: Question, fields: Mapping[str, Any]) -> HttpResponseBase:
    """Ask `question` with `client`."""
    headers = {name: text for name, text in fields.items() if name.startswith("X-")}
    data = {name: text for name, text in fields.items() if name not in headers}
    verb = getattr(client, question.method.lower())
    address = path(question.page, question.key)
    # Other methods than these two send a form as a browser would, if it had them.
    form = data if question.method in {"GET", "POST"} else urlencode(data, doseq=True)
    response: HttpResponseBase = verb(address, form, headers=headers)
    return response


def whole(response: HttpResponseBase) -> str:
    """Everything that goes out: headers, cookies, body."""
    headers = response.serialize_headers().decode("latin-1")
    return f"{headers}\n{response.cookies.output()}\n{response.content.decode()}"


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is written inside, as far as the database goes."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


@contextmanager
def writes() -> Iterator[set[str]]:
    """The tables that are written inside, besides those that hold evidence."""
    tables: set[str] = set()

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _WRITE.match(sql)
        if found and not EVIDENCE.fullmatch(found[1]):
            tables.add(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield tables


def fields_of(world: World, question: Question) -> dict[str, Any]:
    """What is asked or posted, with the keys of objects filled in."""
    fields = questions(question.method, question.page)[question.asked]
    return {
        name: world.filled(text) if isinstance(text, str) and "{" in text else text
        for name, text in fields.items()
    }


def _leaks(world: World, who: str, text: str, asked: str) -> tuple[str, ...]:
    """What `text` tells `who` that it must not; what they said themselves tells them nothing."""
    secrets = READERS | world.hidden
    lower = text.lower()
    return tuple(
        secret
        for secret, readers in secrets.items()
        if who not in readers and secret not in asked and secret.lower() in lower
    )


def _status(response: HttpResponseBase) -> str:
    location = response.headers.get("Location", "")
    is_led_in = response.status_code == 302 and location.startswith(_TO_SIGN_IN)
    return "in" if is_led_in else str(response.status_code)
