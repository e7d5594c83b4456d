"""What answers a request: route, token and account first, then the behaviour that is asked for."""

import itertools
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from events.sandbox.behaviours import NORMAL, Behaviours, Turn
from events.sandbox.building import marks_of
from events.sandbox.ledger import REFUSED, WAITING, Attempt, Ledger, new_attempt
from events.sandbox.limits import RateLimit
from events.sandbox.messages import (
    HTML_PAGE,
    Answer,
    Refusal,
    Reply,
    Request,
    parse_object,
    refuse_code,
    to_reply,
)

BASE_PATH = "/client/v4"
EVENTS_PATH = "/accounts/{account_id}/cloudforce-one/events"


@dataclass
class Call:
    """One request that was let in, as an operation sees it. `query` is parsed on demand."""

    operation: "Operation"
    request: Request
    params: Mapping[str, str]
    turn: Turn = NORMAL
    waiting: list[int] = field(default_factory=list)

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's values by name."""
        return parse_qs(self.request.query, keep_blank_values=True)

    def json(self) -> dict[str, Any]:
        """The body's JSON object. Raises `Refusal` 400."""
        return parse_object(self.request.body)


@dataclass(frozen=True)
class Settings:
    """What a sandbox is told at its start.

    `known_names_only`: unknown categories, industries, TLP texts and types are refused.
    `requests_kept`: how many requests `Desk.requests` remembers.
    """

    account: str = "sandbox"
    token: str = "sandbox-token"  # noqa: S105 - opens a loopback sandbox only
    read_token: str = "sandbox-read-token"  # noqa: S105
    known_names_only: bool = True
    requests_kept: int = 1_000


class Operation(NamedTuple):
    """One operation of the contract: `template` is its path, `perform` does it.

    `needs_write`: the reading token is refused. Cloudflare documents that creates take it too; a
    sandbox in which reading is reading is the safer thing to learn on.
    """

    name: str
    method: str
    template: str
    perform: Callable[["Desk", Call], Answer]
    status: int = 200
    needs_write: bool = False


_CREATES = frozenset({"create", "bulk"})
_FORBIDDEN = "Unauthorized to access requested resource"
_STATUSES: dict[str, Refusal] = {
    "429": refuse_code(429, 971, "Please wait and consider throttling your request speed"),
    "400": Refusal(400, {"message": "category: the sandbox was told to refuse this."}),
    "401": refuse_code(401, 10000, "Authentication error"),
    "403": refuse_code(403, 9109, _FORBIDDEN),
    "500-before": refuse_code(500, 10001, "Internal server error"),
    "503-before": refuse_code(503, 10013, "The service is temporarily unavailable"),
    "gone": Refusal(404, {"message": "Event not found"}),
}
_SILENT = {"hang-before": "hang", "drop-before": "drop"}
_MANNERS = {"hang-after": "hang", "drop-after": "drop", "truncate": "truncate", "slow": "slow"}


class Desk:
    """The sandbox without its socket. `wait` sleeps, and returns True if the sandbox is ending."""

    def __init__(
        self,
        settings: Settings,
        operations: tuple[Operation, ...],
        *,
        ledger: Ledger,
        behaviours: Behaviours,
        wait: Callable[[float], bool],
        rate_limit: RateLimit | None = None,
    ) -> None:
        self.settings, self.ledger, self.behaviours = settings, ledger, behaviours
        self.requests: deque[Request] = deque(maxlen=settings.requests_kept)
        self._wait, self._rate_limit = wait, rate_limit
        self._routes = [(_compile(operation.template), operation) for operation in operations]
        self._rays = itertools.count(time.time_ns())

    def reply(self, request: Request) -> Reply:
        """What to answer, and in which manner."""
        self.requests.append(request)
        headers = {"CF-Ray": f"{next(self._rays) & (2**64 - 1):016x}-SBX"}
        try:
            call = self._route(request)
        except Refusal as refusal:
            return refusal.to_reply(headers)
        reply = self._reply_to(call)
        return reply._replace(headers={**headers, **reply.headers})

    def reset(self) -> None:
        """Empties the ledger, the list of requests and the behaviours."""
        self.behaviours.clear()
        self.ledger.reset()
        self.requests.clear()

    def _reply_to(self, call: Call) -> Reply:
        try:
            self._let_in(call)
        except Refusal as refusal:
            self._log_refused(call, "ok", refusal.status)
            return refusal.to_reply()
        limit = self._rate_limit.take() if self._rate_limit else None
        if limit and limit.is_exceeded:
            self._log_refused(call, "429", 429)
            return _STATUSES["429"].to_reply(limit.headers)
        reply = self._behave(call)
        return reply._replace(headers={**limit.headers, **reply.headers}) if limit else reply

    def _route(self, request: Request) -> Call:
        path = request.path.removeprefix(BASE_PATH)
        methods = set()
        for pattern, operation in self._routes if path != request.path else ():
            if found := pattern.fullmatch(path):
                if operation.method == request.method:
                    params = {name: unquote(value) for name, value in found.groupdict().items()}
                    return Call(operation, request, params)
                methods.add(operation.method)
        if methods:
            raise refuse_code(
                405, 10405, f"Method not allowed. Write {', '.join(sorted(methods))}."
            )
        raise refuse_code(404, 7000, "No route for that URI")

    def _let_in(self, call: Call) -> None:
        """The order is Cloudflare's: who are you, may you, is there such an account."""
        header = call.request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if header and (scheme.lower() != "bearer" or not token.strip()):
            chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
            raise refuse_code(400, 6003, "Invalid request headers", error_chain=chain)
        if token not in {self.settings.token, self.settings.read_token}:
            raise refuse_code(401, 10000, "Authentication error")
        if token == self.settings.read_token and call.operation.needs_write:
            raise _STATUSES["403"]
        if call.params.get("account_id", self.settings.account) != self.settings.account:
            raise refuse_code(
                404,
                7003,
                f"Could not route to {call.request.path.removeprefix(BASE_PATH)}, "
                "perhaps your object identifier is invalid?",
            )

    def _behave(self, call: Call) -> Reply:
        call.turn = self.behaviours.take(call.operation.name)
        name, seconds = call.turn.conduct
        if name in _STATUSES:
            refusal = _STATUSES[name]
            if name == "403":
                refusal = refuse_code(403, int(seconds), _FORBIDDEN)
            self._log_refused(call, name, refusal.status)
            return refusal.to_reply({"Retry-After": f"{seconds:.0f}"} if name == "429" else {})
        if name in _SILENT:
            self._log_refused(call, name, None)
            return Reply(200, b"", manner=_SILENT[name], seconds=seconds)
        if name == "html-200":
            self._log_refused(call, name, 200)
            return Reply(200, HTML_PAGE.encode(), content_type="text/html")
        if name == "late" and self._is_cut_short(call, seconds):
            return Reply(200, b"", manner="drop")
        reply = self._perform(call)
        if name == "500-after":
            return refuse_code(500, 10001, "Internal server error").to_reply()
        return reply._replace(manner=_MANNERS.get(name, "write"), seconds=seconds)

    def _is_cut_short(self, call: Call, seconds: float) -> bool:
        if call.operation.name in _CREATES:
            call.waiting = self.ledger.log(attempts_of(call, "late", WAITING, None))
        return self._wait(seconds)

    def _perform(self, call: Call) -> Reply:
        try:
            answer = call.operation.perform(self, call)
        except Refusal as refusal:
            self._log_refused(call, call.turn.conduct.name, refusal.status)
            return refusal.to_reply()
        return to_reply(answer, call.turn.shape.name)

    def _log_refused(self, call: Call, behaviour: str, status: int | None) -> None:
        if call.operation.name in _CREATES:
            self.ledger.log(attempts_of(call, behaviour, REFUSED, status), call.waiting)


def _compile(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


def attempts_of(call: Call, behaviour: str, outcome: str, status: int | None) -> list[Attempt]:
    """One attempt for each event in the body of a create, in its order; at least one."""
    return [
        new_attempt(call.operation.name, marks, behaviour, outcome, status)
        for marks in _marks_in(call)
    ]


def _marks_in(call: Call) -> list[tuple[str, str]]:
    """The marks of every event in a create that may be wrong in any way; at least one."""
    try:
        body = call.json()
    except Refusal:
        return [("", "")]
    data = body.get("data") if call.operation.name == "bulk" else [body]
    events = data if isinstance(data, list) else []
    return [_marks_of_event(event) for event in events] or [("", "")]


def _marks_of_event(event: Any) -> tuple[str, str]:
    raw = event.get("raw") if isinstance(event, Mapping) else None
    return marks_of(raw.get("data")) if isinstance(raw, Mapping) else ("", "")
