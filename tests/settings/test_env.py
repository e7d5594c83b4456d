"""Settings: a wrong value stops the start with one line that names the variable and the cure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import TEST_AUTHORITY

ROOT = Path(__file__).resolve().parents[2]
TOKEN = {"CLOUDFLARE_API_TOKEN": "canary-token-value", "CLOUDFLARE_ACCOUNT_ID": "abc123"}

WRONG = {
    "DEBUG": ({"DEBUG": "maybe"}, "Write 1 or 0"),
    "SECRET_KEY": ({"SECRET_KEY": "short"}, "50 or more"),
    "SECRET_KEY file": ({"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"}, "cannot be read"),
    "AUDIT_KEY weak": ({"AUDIT_KEY": "canary-key"}, "AUDIT_KEY holds a weak key"),
    "AUDIT_KEY odd": ({"AUDIT_KEY": "canary!" * 9}, "AUDIT_KEY holds something that is not"),
    "AUDIT_KEY file": ({"AUDIT_KEY_FILE": "/nowhere"}, "AUDIT_KEY_FILE: /nowhere cannot be read"),
    "token alone": ({"CLOUDFLARE_API_TOKEN": "canary"}, "CLOUDFLARE_ACCOUNT_ID is not set"),
    "account alone": ({"CLOUDFLARE_ACCOUNT_ID": "abc"}, "CLOUDFLARE_API_TOKEN is not set"),
    "token with space": (
        TOKEN | {"CLOUDFLARE_API_TOKEN": "canary token"},
        "CLOUDFLARE_API_TOKEN: The API token holds a blank",
    ),
    "token not ascii": (TOKEN | {"CLOUDFLARE_API_TOKEN": "canaryé"}, "CLOUDFLARE_API_TOKEN: "),
    "account": (TOKEN | {"CLOUDFLARE_ACCOUNT_ID": "a/../b"}, "CLOUDFLARE_ACCOUNT_ID: "),
    "account too long": (TOKEN | {"CLOUDFLARE_ACCOUNT_ID": "a" * 65}, "CLOUDFLARE_ACCOUNT_ID: "),
    "dataset": ({"CLOUDFLARE_DATASET_ID": "a/b"}, "CLOUDFLARE_DATASET_ID: "),
    "proxy without scheme": (
        {"CLOUDFLARE_PROXY": "canary.example:3128"},
        "CLOUDFLARE_PROXY: The proxy address must look like http://proxy.example:3128.",
    ),
    "proxy by TLS": ({"CLOUDFLARE_PROXY": "https://u:canary@proxy.example"}, "CLOUDFLARE_PROXY: "),
    "proxy port": ({"CLOUDFLARE_PROXY": "http://canary:99999"}, "CLOUDFLARE_PROXY: "),
    "proxy blank": ({"CLOUDFLARE_PROXY": "http://canary example:1"}, "CLOUDFLARE_PROXY: "),
    "ca bundle": ({"CLOUDFLARE_CA_BUNDLE": "/nowhere.pem"}, "CLOUDFLARE_CA_BUNDLE: "),
    "ca bundle without certificates": ({"CLOUDFLARE_CA_BUNDLE": __file__}, "cannot be read"),
    "address not ascii": (
        TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://api.cloudflare.com/é"},
        "CLOUDFLARE_API_BASE_URL: ",
    ),
    "address with a blank": (
        TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://api.cloudflare.com/a b"},
        "CLOUDFLARE_API_BASE_URL: ",
    ),
    "address port": (
        TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://api.cloudflare.com:x/"},
        "CLOUDFLARE_API_BASE_URL",
    ),
    "http": (TOKEN | {"CLOUDFLARE_API_BASE_URL": "http://api.example/v4"}, "is not https"),
    "userinfo": (TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://u:p@api.cloudflare.com"}, "password"),
    "host": (TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://evil.example/v4"}, "not allowed"),
    "query": (TOKEN | {"CLOUDFLARE_API_BASE_URL": "https://api.cloudflare.com/?a"}, "query"),
    "database": ({"DATABASE_URL": "mysql://localhost/desk"}, "postgresql://user:password"),
    "database text": ({"DATABASE_URL": "what"}, "DATABASE_URL is not the URL"),
    "owner of another database": (
        {"DATABASE_URL": "postgresql://a@h/one", "MIGRATE_DATABASE_URL": "postgresql://b@h/two"},
        "MIGRATE_DATABASE_URL names another database than DATABASE_URL",
    ),
    "owner that is the application": (
        {"DATABASE_URL": "postgresql://a@h/one", "MIGRATE_DATABASE_URL": "postgresql://a@h/one"},
        "MIGRATE_DATABASE_URL names the same role as DATABASE_URL",
    ),
    "owner of a file": (
        {"DATABASE_URL": "sqlite:////x", "MIGRATE_DATABASE_URL": "sqlite:////x"},
        "MIGRATE_DATABASE_URL is for PostgreSQL only",
    ),
    "hosts": ({"ALLOWED_HOSTS": "*"}, "host names without scheme"),
    "plain http": ({"ALLOWED_HOSTS": "desk.example.org"}, "PLAIN_HTTP=1 is for this machine"),
    "checkpoint url": ({"CHECKPOINT_URL": "http://canary.example/x"}, "http only for this machine"),
    "checkpoint url user": ({"CHECKPOINT_URL": "https://u:canary@a.example"}, "without user name"),
    "checkpoint url port": ({"CHECKPOINT_URL": "https://canary:x/"}, "CHECKPOINT_URL is not an"),
    "checkpoint syslog": ({"CHECKPOINT_SYSLOG": "canary"}, "CHECKPOINT_SYSLOG: Write udp://"),
    "stream": ({"AUDIT_STREAM": "stderr"}, "Write off, stdout, udp://host:514"),
    "stream texts": ({"AUDIT_STREAM_TEXTS": "purple"}, "none, clear, green, amber, amber+strict"),
    "port": ({"SANDBOX_PORT": "http"}, "Write a port"),
    "deadline": ({"CLOUDFLARE_DEADLINE": "600"}, "Write a number from 1 to 28"),
    "search": ({"CLOUDFLARE_SEARCH_STYLE": "xml"}, "post, json, parallel, indexed"),
    "tlp": ({"CLOUDFLARE_TLP_VALUES": '{"amber+strict": "amber"}'}, "sent as the same text"),
    "tlp json": ({"CLOUDFLARE_TLP_VALUES": "amber"}, "not a map"),
    "reconcile": ({"RECONCILE_AFTER": "10,5"}, "rising numbers"),
}


def start(**changes):
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | changes,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_one_line(case):
    changes, expected = WRONG[case]
    result = start(**changes)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("event desk: ")
    assert expected in result.stderr
    assert "canary" not in result.stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "token").write_text("canary-token\n")
    result = start(CLOUDFLARE_API_TOKEN_FILE=str(tmp_path / "token"), CLOUDFLARE_ACCOUNT_ID="abc")
    assert result.returncode == 0, result.stderr


def test_a_good_proxy_and_bundle_start():
    result = start(
        CLOUDFLARE_PROXY="http://user:password@proxy.example:3128",
        CLOUDFLARE_CA_BUNDLE=TEST_AUTHORITY,
    )
    assert result.returncode == 0, result.stderr


def check_deployed(tmp_path, **changes):
    """`check --deploy` as it is with production's defaults."""
    ours = {"PLAIN_HTTP", "SECRET_KEY", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    environment |= {"ALLOWED_HOSTS": "desk.example.org", "STATE_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment | changes,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("where", [TOKEN, {"CLOUDFLARE_SANDBOX": "1"}], ids=["token", "training"])
def test_the_deploy_check_is_clean_with_the_defaults(tmp_path, where):
    result = check_deployed(tmp_path, **where)
    assert result.returncode == 0, result.stderr
    kept = tmp_path / "secret_key"
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "where",
    [{}, TOKEN | {"CLOUDFLARE_API_BASE_URL": "http://127.0.0.1:8009/client/v4"}],
    ids=["no token", "token for a port of this machine"],
)
def test_no_desk_that_others_use_sends_to_a_port_of_this_machine_unasked(tmp_path, where):
    result = check_deployed(tmp_path, **where)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert "CLOUDFLARE_SANDBOX=1 for a desk that is for training only" in result.stderr


def test_a_training_desk_never_sends_to_cloudflare(tmp_path):
    result = check_deployed(tmp_path, CLOUDFLARE_SANDBOX="1", **TOKEN)
    assert result.returncode == 1
    assert result.stderr.startswith("event desk: CLOUDFLARE_SANDBOX is 1, but events would go to")


def test_every_variable_is_in_the_example():
    example = (ROOT / ".env.example").read_text()
    sources = [*(ROOT / "webui").glob("*.py"), *(ROOT / "events/management").rglob("*.py")]
    text = "".join(path.read_text() for path in sources)
    for reader in ("text", "secret", "flag", "number", "numbers", "port", "names", "choice"):
        for part in text.split(f" {reader}(")[1:] + text.split(f"env.{reader}(")[1:]:
            name = part.split('"')[1] if part.lstrip().startswith('"') else ""
            assert not name or f"{name}=" in example, name
