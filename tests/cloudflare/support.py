"""What the client's tests share: a client, an event as the API returns it, envelopes."""

import json
from typing import Any

from events.cloudflare import Client

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "canary-7f3a9c51e2d84b60"
UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
DATASET = "11111111-2222-4333-8444-555555555555"
BODY = b'{"category":"Domain Resolution","event":"caf\xc3\xa9 \\u00e9  twice","n":1.0}'

EVENT: dict[str, Any] = {
    "attacker": "Flying Yeti",
    "attackerCountry": "CN",
    "attackerCountryAlpha3": "CHN",
    "category": "Domain Resolution",
    "datasetId": DATASET,
    "date": "2022-04-01T00:00:00Z",
    "event": "An attacker registered the domain domain.com",
    "hasChildren": False,
    "indicator": "domain.com",
    "indicatorType": "domain",
    "indicatorTypeId": 5,
    "killChain": 0,
    "mitreAttack": [" "],
    "mitreCapec": [],
    "numReferenced": 0,
    "numReferences": 0,
    "rawId": "453gw34w3",
    "referenced": [],
    "referencedIds": [],
    "references": [],
    "referencesIds": [],
    "tags": ["malware"],
    "targetCountry": "US",
    "targetCountryAlpha3": "USA",
    "targetIndustry": "Agriculture",
    "tlp": "amber",
    "uuid": UUID,
}
CREATED = json.dumps(EVENT).encode()


def envelope(result: Any, **more: Any) -> bytes:
    """The usual envelope of a success."""
    whole = {"success": True, "errors": [], "messages": [], "result": result, **more}
    return json.dumps(whole).encode()


def failure(*errors: dict[str, Any]) -> bytes:
    """The usual envelope of a failure."""
    whole = {"success": False, "errors": list(errors), "messages": [], "result": None}
    return json.dumps(whole).encode()


def client_for(url: str, **options: Any) -> Client:
    """A client of the server at `url`; a test that waits for the deadline names a short one."""
    settings = {"token": TOKEN, "deadline": 20.0, "connect_timeout": 5.0, **options}
    return Client(base_url=f"{url}/client/v4", account_id=ACCOUNT, **settings)
