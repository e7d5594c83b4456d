"""`manage.py run_sandbox` and `python -m events.sandbox`, as an operator runs them."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
WAYS = {"manage": ["manage.py", "run_sandbox"], "module": ["-m", "events.sandbox"]}
Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts one, and returns it with all that it says until it serves."""
    children: list[subprocess.Popen[str]] = []

    def start(way: str, *options: str) -> tuple[subprocess.Popen[str], str]:
        child = subprocess.Popen(
            [sys.executable, *WAYS[way], *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout
        lines = []
        for line in child.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        return child, "".join(lines)

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_to_use_it_and_ends_cleanly(
    way: str, ending: signal.Signals, start: Start, tmp_path: Path
) -> None:
    child, said = start(
        *(way, "--port=0", f"--ledger={tmp_path / 'ledger.sqlite3'}", "--account=acme"),
        *("--token=secret-1", "--dataset=Mine:public:read_only", "--behave=create=403:1"),
    )
    [base_url] = re.findall(r"CLOUDFLARE_API_BASE_URL=(\S+)", said)
    assert "acme" in said and "secret-1" in said and "ledger.sqlite3" in said
    url = f"{base_url}/accounts/acme/cloudforce-one/events"
    headers = {"Authorization": "Bearer secret-1"}
    datasets = requests.get(f"{url}/dataset", headers=headers, timeout=20).json()
    assert datasets[-1]["name"] == "Mine" and datasets[-1]["indicatorWriteMode"] == "read_only"
    assert requests.post(f"{url}/create", headers=headers, timeout=20).status_code == 403
    child.send_signal(ending)
    rest, errors = child.communicate(timeout=20)
    assert (child.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize("way", WAYS)
def test_a_port_in_use_is_told_in_one_line(way: str, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child, _ = start(way, f"--port={port}")
        _, errors = child.communicate(timeout=20)
    assert child.returncode == 1
    assert re.fullmatch(rf".*Port {port} on 127\.0\.0\.1 is in use\. .*\n", errors)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--host=0.0.0.0", "not a loopback address"),
        ("--port=99999", "99999"),
        ("--ledger=/no/such/folder/ledger.sqlite3", "cannot be used"),
        ("--dataset=:public", "does not describe a dataset"),
        ("--dataset=Mine:secret", "does not describe a dataset"),
        ("--behave=create=explode", "no behaviour"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(option: str, words: str, start: Start) -> None:
    options = [option] if option.startswith("--port") else ["--port=0", option]
    child, _ = start("module", *options)
    _, errors = child.communicate(timeout=20)
    assert child.returncode == 1
    assert words in errors and len(errors.splitlines()) == 1


def test_it_needs_no_django() -> None:
    code = "import events.sandbox, sys; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
