"""What can go wrong between this software and Cloudflare's API, as a small tree.

ApiError                 one safe line (`detail`), HTTP status, the API's own problems, CF-Ray
├── NotSent              nothing left this machine: may be tried again
│                        (`configuration`: only the administrator can make it work)
├── RateLimited          the API did not process the request: wait `retry_after` seconds
├── Refused              the API processed and refused it: final
│                        (`for_administrator`: token, account or address, not the entry)
└── Unknown              the request may or may not have been carried out: never send again unasked

The tree is total: every operation of `Client` returns its result or raises one of the four leaves.
No message, attribute or chained exception holds the API token.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the `errors` list of Cloudflare's envelope, or of its `error_chain`."""

    message: str
    code: int | None = None


class ApiError(Exception):
    """An operation that did not return its result.

    `detail` is one line for people, without the token and without any URL query.
    `status` is None when no status line was received. `problems` are the API's own words,
    outermost first. `cf_ray` is Cloudflare's request id, or "".
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        problems: Iterable[Problem] = (),
        cf_ray: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.problems = tuple(problems)
        self.cf_ray = cf_ray


class NotSent(ApiError):
    """No byte of the request was handed to the network.

    `is_local`: nobody was asked, because the request could not be made of what was given.
    """

    def __init__(self, detail: str, *, configuration: bool = False, is_local: bool = False) -> None:
        super().__init__(detail)
        self.configuration = configuration
        self.is_local = is_local


class RateLimited(ApiError):
    """The API asked to wait (429, 425); it did not process the request.

    `retry_after` is in seconds from now, never negative, not clamped; None if the API named none.
    """

    def __init__(
        self,
        detail: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        problems: Iterable[Problem] = (),
        cf_ray: str = "",
    ) -> None:
        super().__init__(detail, status=status, problems=problems, cf_ray=cf_ray)
        self.retry_after = retry_after


class Refused(ApiError):
    """The API refused the request: nothing was created, and sending it again changes nothing."""

    def __init__(
        self,
        detail: str,
        *,
        for_administrator: bool = False,
        status: int | None = None,
        problems: Iterable[Problem] = (),
        cf_ray: str = "",
    ) -> None:
        super().__init__(detail, status=status, problems=problems, cf_ray=cf_ray)
        self.for_administrator = for_administrator


class Unknown(ApiError):
    """The request may have been carried out; no answer that can be relied on came back."""
