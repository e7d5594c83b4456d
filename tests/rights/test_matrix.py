"""Everybody at every address, for every kind of object: who gets what, and what it changes.

The addresses come from the URL configuration, so that a new page without an expectation fails.
"""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection

from events.roles import ROLES
from tests.rights import addresses, expected, sweep, world
from tests.rights.roles import PERSONS, RIGHTS
from tests.rights.sweep import Question

METHODS = ("GET", "POST")
# The pages are dealt out to so many tests, which run beside each other.
PARTS = 8


@pytest.fixture
def built(db, sandbox):
    return world.build()


def _objects(page):
    """The objects that the page is asked for, by kind and name."""
    kind = world.kind(page)
    return [(kind, name) for name in world.NAMES[kind]] if kind else [("", "-")]


def _questions(method, page):
    """Everything that is asked of `page`, with the name of the object."""
    for asked in sweep.questions(method, page):
        for kind, name in _objects(page):
            yield asked, kind, name


def _key(built, kind, name):
    return built.keys[kind][name] if kind else ""


@pytest.mark.parametrize("page", addresses.routes())
def test_every_page_has_an_expectation(page):
    missing = [
        f"{method} {page} {asked} {name}"
        for method in METHODS
        for asked, _, name in _questions(method, page)
        if expected.expected(method, page, asked, name) is None
    ]
    assert not missing, (
        f"Add one line each to {expected.FILE.name}, which says who gets what: {missing}. What is "
        "asked stands in forms.py, the objects in world.py."
    )


def test_no_expectation_is_about_nothing():
    asked = {
        (method, page, asked)
        for page in addresses.routes()
        for method in METHODS
        for asked in sweep.questions(method, page)
    }
    assert set(expected.table()) - asked == set()
    named = {name for rows in expected.table().values() for row in rows for name in row.objects}
    assert named - {expected.ALL, "-"} <= {name for names in world.NAMES.values() for name in names}


def test_every_role_is_somebody_here(db):
    roles = set(Group.objects.values_list("name", flat=True))
    assert roles == set(ROLES) == set(PERSONS), (
        "Add somebody of the new role to PERSONS in roles.py, and a column to expected.txt."
    )
    people = {who for each in PERSONS.values() for who in each}
    assert people <= set(expected.columns()) == set(world.PEOPLE)


def test_every_permission_is_given_to_whom_it_is_meant_for(db):
    given = {
        f"{label}.{name}": set(groups)
        for label, name, groups in (
            (
                each.content_type.app_label,
                each.codename,
                each.group_set.values_list("name", flat=True),
            )
            for each in Permission.objects.select_related("content_type")
        )
        if label in {"events", "auth"}
    }
    meant = {name: set(roles) for name, roles in RIGHTS.items()}
    assert given == meant, "Say in RIGHTS of roles.py which roles a new permission is for."


def test_looking_is_expected_to_change_nothing():
    changing = [
        f"{page} {asked}"
        for (method, page, asked), rows in expected.table().items()
        if method == "GET" and any("+" in answer for row in rows for answer in row.answers.values())
    ]
    assert changing == []


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_is_expected_by_looking(built, sandbox, part):
    sent = len(sandbox.requests)
    wrong = _wrong(built, "GET", part)
    assert not wrong, "\n".join(wrong)
    assert len(sandbox.requests) == sent, "A GET must ask nothing of Cloudflare."


@pytest.mark.skipif(connection.vendor != "sqlite", reason="rights are the same on each database")
@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_is_expected_by_pressing(built, part):
    wrong = _wrong(built, "POST", part)
    assert not wrong, "\n".join(wrong)


def _wrong(built, method, part):
    """Each answer that is not the expected one, and everything that leaks, in words."""
    wrong = []
    for page in list(addresses.routes())[part::PARTS]:
        for asked, kind, name in _questions(method, page):
            row = expected.expected(method, page, asked, name)
            question = Question(method, page, asked, _key(built, kind, name))
            for who, answer in row.answers.items():
                got = sweep.ask(built, who, question)
                if got.status != answer:
                    wrong.append(
                        f"{who}: {method} {page} {asked} {name}: {got.status}, not {answer}"
                    )
                if got.leaks:
                    wrong.append(
                        f"{who}: {method} {page} {asked} {name}: reads {', '.join(got.leaks)}"
                    )
    return wrong


@pytest.mark.parametrize("who", ["owner", "superuser"])
def test_every_post_is_refused_without_a_csrf_token(built, who):
    """Whatever the page: 403, and nothing is changed. There are no exemptions."""
    done = []
    for page in addresses.routes():
        asked, kind, name = next(_questions("POST", page))
        question = Question("POST", page, asked, _key(built, kind, name))
        status = sweep.ask(built, who, question, enforce_csrf_checks=True).status
        if status != "403":
            done.append(f"{page} {asked} {name}: {status}")
    assert done == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_method_does_anything(built, method):
    """Not for a superuser either, and never with an error of ours."""
    done = []
    for page in addresses.routes():
        asked, kind, name = next(_questions(method, page))
        question = Question(method, page, asked, _key(built, kind, name))
        status = sweep.ask(built, "superuser", question).status
        if "+" in status or status.startswith("5"):
            done.append(f"{page}: {status}")
    assert done == []
