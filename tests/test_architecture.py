"""The parts import one way only, and nothing leads outside the project."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER = (
    (
        "indicators",
        "memo",
        "roles",
        "failures",
        "rows",
        "private",
        "syslog",
        "passwords",
    ),
    ("clock", "keyring"),
    ("payload",),
    ("cloudflare",),
    ("sandbox",),
    ("models",),
    ("audit",),
    ("privileges",),
    ("reference",),
    ("outbox",),
    ("vetting",),
    ("services",),
    ("forms",),
    ("views", "admin", "checks", "apps", "management", "migrations"),
)
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
MODEL_FREE = ("indicators", "payload", "cloudflare", "sandbox")


def part(path):
    return path.relative_to(ROOT / "events").parts[0].removesuffix(".py")


def modules():
    return list((ROOT / "events").rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_parts_import_one_way():
    wrong = []
    for path in modules():
        here = part(path)
        if here == "__init__":
            continue
        for name in imported(path):
            pieces = name.split(".")
            if pieces[0] != "events" or len(pieces) < 2:
                continue
            there = pieces[1]
            if LEVEL.get(there, 99) > LEVEL[here] or (
                LEVEL.get(there) == LEVEL[here] and there != here and here not in ORDER[-1]
            ):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("name", MODEL_FREE)
def test_what_is_left_of_models_knows_no_django(name):
    for path in (ROOT / "events" / name).rglob("*.py"):
        assert not [n for n in imported(path) if n.split(".")[0] == "django"], path


def test_no_import_inside_a_function():
    # apps.py is read before there are models, so what it wires up has to be imported late.
    for path in (p for p in modules() if p.name != "apps.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert not inner, f"{path}: {node.name}"


def test_every_module_says_what_it_owns():
    for path in (p for p in modules() if p.parent.name != "migrations"):
        assert ast.get_docstring(ast.parse(path.read_text())) or not path.read_text(), path


def test_nothing_of_the_project_leads_outside():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in files:
        path = ROOT / name
        if path.suffix in {".py", ".html", ".css", ".js", ".toml", ".md", ""} and path.is_file():
            text = path.read_text(errors="replace")
            assert "../" + "shared" not in text, name
            assert "/work/" + "main" not in text, name


def test_pages_load_nothing_from_elsewhere():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert 'src="http' not in text, path
        assert 'href="http' not in text, path
        assert " style=" not in text, path
        assert " onclick=" not in text, path
