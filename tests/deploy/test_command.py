"""docs/deploy/eventdesk, the command for root: it reads the settings as systemd does."""

import base64
import os
import secrets
import subprocess
import sys

import pytest

from tests.desk import ROOT

TRAINING = """# for training
ALLOWED_HOSTS=desk.example.org
TRUST_PROXY=1
CLOUDFLARE_ACCOUNT_ID=
CLOUDFLARE_SANDBOX=1
"""
# Prints what the settings became.
PRINT = "from django.conf import settings as s; print(s.CLOUDFLARE.tlp_values, s.TRUST_PROXY)"


@pytest.fixture
def command(tmp_path):
    """Runs it with folders of this test and these settings, without a change of the user."""
    etc, state = tmp_path / "etc", tmp_path / "lib"
    etc.mkdir()
    state.mkdir(mode=0o700)
    for name, text in {
        "secret_key": secrets.token_hex(32),
        "audit_key": base64.b64encode(secrets.token_bytes(32)).decode(),
        "database_url": f"sqlite:///{state}/eventdesk.sqlite3",
    }.items():
        (etc / name).write_text(text)
        (etc / name).chmod(0o640)
    text = (ROOT / "docs" / "deploy" / "eventdesk").read_text()
    for there, here in {
        "cd /opt/eventdesk": f"cd {ROOT}",
        "/etc/eventdesk": str(etc),
        "/var/lib/eventdesk": str(state),
        "runuser -u eventdesk -- ": "",
        ".venv/bin/python": sys.executable,
    }.items():
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "eventdesk").write_text(text)

    def run(settings, *arguments):
        (etc / "eventdesk.env").write_text(settings)
        done = subprocess.run(
            ["sh", str(tmp_path / "eventdesk"), *arguments],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_works_on_a_desk_for_training_which_has_no_token(command):
    command(TRAINING, "check")


@pytest.mark.parametrize(
    "line",
    [
        'CLOUDFLARE_TLP_VALUES={"amber+strict": "amber+strict"}',
        'CLOUDFLARE_TLP_VALUES=\'{"amber+strict": "amber+strict"}\'',
        'CLOUDFLARE_TLP_VALUES={"amber+strict": "$(echo x)"}',
    ],
)
def test_a_line_is_a_setting_and_no_word_of_it_a_command(command, line):
    printed = command(f"{TRAINING}{line}", "shell", "-v0", "-c", PRINT)
    value = "$(echo x)" if "echo" in line else "amber+strict"
    assert printed.strip() == f"{ {'amber+strict': value} } True"
