"""The judge sees what is wrong in a request: path, query, the JSON inside the query, body."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from openapi_core.exceptions import OpenAPIError

from .judge import DESCRIBED, Asked, check_request

EVENTS = "/client/v4/accounts/a/cloudforce-one/events"
ONE = {"field": "indicator", "op": "equals", "value": "domain.com"}
VALUE = {"field": "value", "op": "in", "value": ["domain.com"]}
TOKEN = {"Authorization": "Bearer t"}


def _get(query: str) -> Asked:
    return Asked("GET", EVENTS + query, TOKEN, None)


def _post(body: Any, query: str = "") -> Asked:
    headers = {**TOKEN, "Content-Type": "application/json"}
    return Asked("POST", EVENTS + query, headers, json.dumps(body).encode())


def _search(*conditions: Any) -> str:
    return "search=" + quote(json.dumps(conditions))


GOOD = {
    "list": _get(f"?{_search(ONE)}&datasetId=x&datasetId=y&pageSize=5&forceRefresh=true"),
    "a scope alone": _get("?datasetId=*"),
    "list by POST": _post({"search": [ONE], "datasetId": ["x"], "page": 1}, "?format=json"),
    "nothing searched": _post({}),
    "indicators": _get(f"/indicators?{_search(VALUE)}&datasetIds=all"),
    "actors": _get("/tags/categories/actors?value=yeti&page=1"),
    "deletion": Asked("DELETE", EVENTS + "/datasets/d/events?eventIds=a&eventIds=b", TOKEN, None),
}
BAD = {
    "no such operation": _get("/nothing/here/at/all"),
    "no token": Asked("GET", EVENTS, {}, None),
    "11 conditions": _get("?" + _search(*[ONE] * 11)),
    "an op that is not known": _get("?" + _search({**ONE, "op": "near"})),
    "a condition that is text": _get("?" + _search("x")),
    "search that is not JSON": _get("?search=x"),
    "a scope beside a dataset": _get("?datasetId=*&datasetId=x"),
    "the old scope beside a dataset": _get("?datasetId=all&datasetId=x"),
    "a format that is not known": _get("?format=xml"),
    "a page that is no number": _get("?page=x"),
    "11 conditions by POST": _post({"search": [ONE] * 11}),
    "a value of 513 characters": _post({"search": [{**ONE, "value": "x" * 513}]}),
    "datasets as text": _post({"datasetId": "x"}),
    "an indicator in a branch": _post({"searchBranches": [[ONE]]}),
    "a flag that is none": _post({}, "?forceRefresh=perhaps"),
    "a field that indicators have not": _get("/indicators?" + _search(ONE)),
    "101 values": _get("/indicators?" + _search({**VALUE, "value": ["x"] * 101})),
    "nothing to delete": Asked("DELETE", EVENTS + "/datasets/d/events", TOKEN, None),
}


def test_the_contract_describes_55_operations() -> None:
    assert len(DESCRIBED) == 55


@pytest.mark.parametrize("case", GOOD)
def test_what_fits_is_let_through(case: str) -> None:
    check_request(GOOD[case])


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_refused(case: str) -> None:
    with pytest.raises(OpenAPIError):
        check_request(BAD[case])
