"""The documents name commands, options, settings and tests that exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.desk import ROOT

DOCUMENTS = ("README.md", "docs/operations.md", "docs/production.md")
OTHERS = frozenset(
    (
        "no-owner",
        "dbname",
        "clean",
        "if-exists",
        "no-privileges",
        "maintenance-db",
        "format",
        "file",
    )
)


def text(name):
    return (Path(ROOT) / name).read_text()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name):
    named = set(re.findall(r"(?:manage\.py|^eventdesk) ([a-z_]+)", text(name), re.MULTILINE))
    assert named
    assert named <= set(get_commands())


def test_options_of_the_operations_exist():
    page = text("docs/operations.md")
    parsers = [
        load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        for name in re.findall(r"manage\.py ([a-z_]+)", page)
    ]
    known = {option for parser in parsers for option in parser._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", page)) - OTHERS
    assert {f"--{option}" for option in named} <= known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_settings_exist(name):
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text(name)))
    assert named <= set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", text(".env.example")))


@pytest.mark.parametrize("document", DOCUMENTS[1:])
def test_tests_exist(document):
    page = text(document)
    for name in re.findall(r"`(tests/[a-z_/.]+)`", page):
        assert (Path(ROOT) / name).is_file(), name
