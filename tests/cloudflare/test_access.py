"""A client that could not work, or could leak, is refused when it is made, with one clear line."""

import pytest

from events.cloudflare import Client
from tests.cloudflare.support import ACCOUNT, TOKEN

GOOD = {
    "base_url": "https://api.cloudflare.com/client/v4",
    "account_id": ACCOUNT,
    "token": TOKEN,
}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.cloudflare.com/client/v4",
        "https://api.cloudflare.com/client/v4/",
        "http://127.0.0.1:8009/client/v4",
        "http://127.8.9.1/client/v4",
        "http://localhost:8009/client/v4",
        "http://[::1]:8009/client/v4",
    ],
)
def test_addresses_that_are_accepted(url: str) -> None:
    assert url.rstrip("/") in repr(Client(**{**GOOD, "base_url": url}))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_url", "", "API address"),
        ("base_url", "api.cloudflare.com/client/v4", "https://"),
        ("base_url", "http://api.cloudflare.com/client/v4", "this machine only"),
        ("base_url", "http://localhost.evil.example/", "this machine only"),
        ("base_url", "http://127.0.0.1.evil.example/", "this machine only"),
        ("base_url", "ftp://127.0.0.1/", "https://"),
        ("base_url", "https://user:hunter2@api.cloudflare.com/", "user name"),
        ("base_url", "https://api.cloudflare.com/?a=b", "without ?"),
        ("base_url", "https://api.cloudflare.com/#a", "without ?"),
        ("base_url", "https://api.cloudflare.com:port/", "not a valid address"),
        ("base_url", "https://[::1/", "not a valid address"),
        ("base_url", "https:///client/v4", "names no host"),
        ("base_url", "https://api.cloudflare.com/client/v4\n", "blank"),
        ("account_id", "", "account id"),
        ("account_id", "../other", "account id"),
        ("account_id", f"{ACCOUNT}\n", "account id"),
        ("token", "", "token is empty"),
        ("token", f"{TOKEN}\n", "line break"),
        ("token", f"{TOKEN} x", "blank"),
        ("token", f"{TOKEN}\N{EURO SIGN}", "ASCII"),
        ("proxy", "https://proxy.example:3128", "proxy address"),
        ("proxy", "proxy.example:3128", "proxy address"),
        ("proxy", "http://user:hunter2@proxy.example/path", "proxy address"),
        ("proxy", "http://user:hunter2@proxy.example:x", "proxy address"),
        ("user_agent", "a\nb", "user agent"),
        ("ca_bundle", "/nonexistent/ca.pem", "certificate bundle"),
        ("search_style", "guess", "post, json, parallel, indexed"),
        ("deadline", 0, "above zero"),
        ("deadline", float("nan"), "above zero"),
        ("connect_timeout", -1, "above zero"),
        ("max_bytes", 0, "above zero"),
    ],
)
def test_values_that_are_refused(field: str, value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("?", r"\?")) as caught:
        Client(**{**GOOD, field: value})
    message = str(caught.value)
    assert message.isprintable()
    assert TOKEN not in message
    assert "hunter2" not in message
