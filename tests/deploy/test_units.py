"""The units of the documents: systemd reads them, finds them closed, and they set what exists."""

import re
import shutil
import subprocess

import pytest

from tests.deploy.proxied import required
from tests.desk import ROOT
from tests.environment import names

FOLDER = ROOT / "docs" / "deploy"
SERVICES = sorted(FOLDER.glob("*.service"))
# What a unit may be exposed to, in tenths, of 100. Without what closes it, it is 92.
EXPOSURE_MAX = 16


@pytest.fixture
def units(tmp_path):
    """The units, with a program that is there."""
    for path in (*SERVICES, *FOLDER.glob("*.socket")):
        text = path.read_text().replace("/opt/eventdesk/.venv/bin/python", "/bin/true")
        (tmp_path / path.name).write_text(text.replace("/opt/eventdesk", "/"))
    return tmp_path


def analyze(*arguments, **environment):
    program = required(shutil.which("systemd-analyze"), "systemd-analyze")
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_systemd_reads_them_without_a_word(units):
    paths = [str(path) for path in units.iterdir()]
    result = analyze("verify", "--man=no", *paths, SYSTEMD_UNIT_PATH=f"{units}:")
    assert result.returncode == 0, result.stderr
    assert "eventdesk" not in result.stderr, result.stderr


def test_a_desk_for_training_gets_a_sandbox_of_the_same_kind(units):
    """Made as docs/production.md says."""
    page = (ROOT / "docs" / "production.md").read_text()
    (made,) = re.findall(
        r"^sed -e '/api_token/d'.* > eventdesk-sandbox\.service$", page, re.M | re.S
    )
    subprocess.run(["sh", "-c", made], cwd=units, check=True)
    unit = units / "eventdesk-sandbox.service"
    assert "api_token" not in unit.read_text()
    test_systemd_reads_them_without_a_word(units)
    test_each_is_closed(units, unit.name)


@pytest.mark.parametrize("name", [path.name for path in SERVICES])
def test_each_is_closed(units, name):
    threshold = f"--threshold={EXPOSURE_MAX}"
    result = analyze("security", "--offline=true", threshold, str(units / name))
    assert result.returncode == 0, result.stdout


def test_what_closes_them_is_the_same_in_all():
    closing = [
        path.read_text().split("\nNoNewPrivileges=")[1].split("\n\n")[0] for path in SERVICES
    ]
    assert len(closing) == 3
    assert len({text.strip() for text in closing}) == 1
    assert all("UMask=0077" in text for text in closing)


@pytest.mark.parametrize("path", [*SERVICES, FOLDER / "eventdesk.env"], ids=lambda path: path.name)
def test_they_set_what_exists(path):
    own = set(re.findall(r"^(?:Environment=)?([A-Z][A-Z_]+)=", path.read_text(), re.MULTILINE))
    assert own
    assert own <= names()


def test_the_owner_of_the_tables_and_the_token_are_in_different_processes():
    texts = {path.name: path.read_text() for path in SERVICES}
    migrate = texts.pop("eventdesk-migrate.service")
    assert "api_token" not in migrate
    assert not [name for name, text in texts.items() if "migrate_database_url" in text]
    assert "User=eventdesk-owner\n" in migrate
    assert all("User=eventdesk\n" in text for text in texts.values())
