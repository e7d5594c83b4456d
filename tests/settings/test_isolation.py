"""The tests' environment: whatever the shell has set for Event Desk, the tests do not see it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.environment import names

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(
    r"env\.(?:text|secret|flag|number|numbers|port|names|choice|hosts|database|owner)\(\s*\"([A-Z_0-9]+)\""
)
WITHIN = re.compile(r"\b(?:text|secret|flag|number|numbers|port|names|choice)\(\"([A-Z_0-9]+)\"")


def test_every_variable_that_is_read_is_in_the_example():
    read = set(WITHIN.findall((ROOT / "webui" / "env.py").read_text()))
    for path in (*(ROOT / "webui").rglob("*.py"), *(ROOT / "events").rglob("*.py")):
        text = path.read_text()
        read |= set(READ.findall(text)) | set(re.findall(r"os\.environ\.get\(\"([A-Z_]+)\"", text))
    assert len(read) > 20
    assert read <= names()


def test_nothing_that_the_shell_has_set_reaches_the_tests():
    kept = {name: value for name, value in os.environ.items() if name != "TESTS_PREPARED"}
    shell = kept | dict.fromkeys(names(), "of the shell") | {"TEST_DATABASE": "sqlite"}
    shows = (
        "import os, tests.environment;"
        "print(*[name for name, value in os.environ.items() if value == 'of the shell'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", shows],
        cwd=ROOT,
        env=shell,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == []
