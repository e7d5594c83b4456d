"""The contract as a judge of recorded requests."""

from tests.contract.judge import Asked, check_request
from tests.servers import Received


def validate(received: Received) -> None:
    """Raises openapi-core's error if the request breaks the contract."""
    check_request(Asked(received.method, received.target, received.headers, received.body))
