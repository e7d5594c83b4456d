"""What passes between socket and sandbox: requests, answers, Cloudflare's envelopes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

JSON_TYPE = "application/json"
HTML_PAGE = "<!doctype html><title>Welcome</title><p>Please sign in to the network.</p>"


class Request(NamedTuple):
    """One HTTP request as it came. Header names are in lower case; `target` has the query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query as it was written, without its question mark."""
        return self.target.partition("?")[2]


class Reply(NamedTuple):
    """What to do on the socket.

    `manner` is "write", "hang" (for `seconds`), "drop", "truncate" or "slow" (over `seconds`).
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    content_type: str = JSON_TYPE
    manner: str = "write"
    seconds: float = 0.0


class Answer(NamedTuple):
    """The result of an operation, before its shape is chosen.

    `shape` overrules what the operator chose, for operations that know one shape only;
    `enveloped` is the result where the envelope holds another one than the bare answer; `beside`
    is what stands in the envelope beside the result.
    """

    result: Any
    status: int = 200
    shape: str | None = None
    enveloped: Any = None
    info: Mapping[str, Any] | None = None
    beside: Mapping[str, Any] = {}
    messages: Sequence[Mapping[str, Any]] = ()


class Refusal(Exception):
    """A request that is refused: HTTP status, and the errors of Cloudflare's envelope.

    An error is `{message, code?}`. Threat Events itself leaves the code out and answers an empty
    result; errors with a code come from what stands before it.
    """

    def __init__(self, status: int, *errors: Mapping[str, Any]) -> None:
        super().__init__(status, *errors)
        self.status = status
        self.errors = errors

    def to_reply(self, headers: Mapping[str, str] = {}) -> Reply:
        """The envelope on the wire."""
        envelope: dict[str, Any] = {"errors": self.errors, "result": {}, "success": False}
        if any("code" in error for error in self.errors):
            envelope |= {"messages": [], "result": None}
        return Reply(self.status, to_json(envelope), headers)


def refuse_field(field: str, sentence: str, status: int = 400) -> Refusal:
    """The refusal that names `field`, in the API's camelCase, and says what is wrong."""
    return Refusal(status, {"message": f"{field}: {sentence}"})


def refuse_invalid(path: str, sentence: str) -> Refusal:
    """The refusal of a parameter or of a part of a body that breaks the contract."""
    return Refusal(400, {"message": f"ValidationError: {path}: {sentence}"})


def refuse_code(status: int, code: int, message: str, **details: Any) -> Refusal:
    """The refusal with one of Cloudflare's error codes."""
    return Refusal(status, {"code": code, "message": message, **details})


def to_reply(answer: Answer, shape: str) -> Reply:
    """The answer on the wire, "bare" or in an "envelope" unless it knows one shape only."""
    if (answer.shape or shape) == "bare":
        return Reply(answer.status, to_json(answer.result))
    envelope: dict[str, Any] = {
        "success": True,
        "errors": [],
        "messages": answer.messages,
        "result": answer.result if answer.enveloped is None else answer.enveloped,
        **answer.beside,
    }
    if answer.info is not None:
        envelope["result_info"] = answer.info
    return Reply(answer.status, to_json(envelope))


def to_json(value: Any) -> bytes:
    """`value` as compact ASCII JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `Refusal` 400 for anything else."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, {"message": f"The body is not JSON: {str(error)[:200]}"}) from None
    if not isinstance(value, dict):
        raise Refusal(400, {"message": "The body has to be a JSON object."})
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
