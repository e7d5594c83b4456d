"""Judges requests and answers by the contract: path, parameters, body, status, content."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.testing import MockResponse
from openapi_schema_validator import OAS30Validator
from werkzeug.datastructures import Headers, ImmutableMultiDict

EVENTS = "/accounts/{account_id}/cloudforce-one/events"
METHODS = frozenset({"get", "post", "patch", "put", "delete"})


def _document() -> dict[str, Any]:
    """The contract, with the one thing that it leaves open decided.

    How a GET of the list writes `search` is not documented; the sister endpoints take one JSON
    array, and so that is what a request is judged by here.
    """
    text = (Path(__file__).parent / "threat-events.openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    for parameter in document["paths"][EVENTS]["get"]["parameters"]:
        if parameter.get("name") == "search":
            parameter["content"] = {"application/json": {"schema": parameter.pop("schema")}}
    return document


DOCUMENT = _document()
OPENAPI = OpenAPI.from_dict(
    DOCUMENT, Config(extra_media_type_deserializers={"application/taxii+json": json.loads})
)
DESCRIBED = frozenset(
    (method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS & set(item)
)


@dataclass
class Asked:
    """A request as openapi-core wants to see it; made from a target with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    host_url: str = "https://api.cloudflare.com"
    path: str = field(init=False)
    content_type: str = field(init=False)
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        target, headers = urlsplit(self.target), Headers(list(self.headers.items()))
        query = parse_qsl(target.query, keep_blank_values=True)
        self.method, self.body, self.path = self.method.lower(), self.body or None, target.path
        self.content_type = headers.get("Content-Type", "")
        self.parameters = RequestParameters(query=ImmutableMultiDict(query), header=headers)


def check_request(asked: Asked) -> None:
    """Raises openapi-core's error if the request breaks the contract."""
    OPENAPI.validate_request(asked)


def check_answer(asked: Asked, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Raises openapi-core's error if the (bare) answer breaks the contract."""
    answer = MockResponse(
        content, status_code=status, headers=dict(headers), content_type=headers["Content-Type"]
    )
    OPENAPI.validate_response(asked, answer)


def check_value(value: Any, schema: Mapping[str, Any]) -> None:
    """Raises if `value` breaks a schema, which may refer to the contract's components."""
    whole = {**schema, "components": DOCUMENT["components"]}
    OAS30Validator(whole, format_checker=OAS30Validator.FORMAT_CHECKER).validate(value)


def answer_schema(path: str, method: str, status: int) -> dict[str, Any]:
    """The schema of the JSON answer of one operation."""
    response = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema
