"""Networks that stand for something, asked by address."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from events.payload.values import Network

T = TypeVar("T")


class Networks(Generic[T]):
    """What networks stand for. One look per prefix length, however many networks there are."""

    def __init__(self, items: Iterable[tuple[Network, T]]) -> None:
        self._items = tuple(items)
        self._by_prefix: dict[tuple[int, int], dict[int, T]] = {}
        for network, thing in self._items:
            place = self._by_prefix.setdefault((network.version, network.prefixlen), {})
            place[_bits(network, network.prefixlen)] = thing
        self._prefixes = sorted(self._by_prefix, reverse=True)

    def covering(self, network: Network) -> T | None:
        """What the narrowest network around `network` stands for."""
        for version, length in self._prefixes:
            if version == network.version and length <= network.prefixlen:
                found = self._by_prefix[version, length].get(_bits(network, length))
                if found is not None:
                    return found
        return None

    def inside(self, network: Network) -> T | None:
        """What the first network that lies in `network` stands for."""
        if network.prefixlen == network.max_prefixlen:
            return None
        for inner, thing in self._items:
            is_narrower = inner.version == network.version and inner.prefixlen > network.prefixlen
            if is_narrower and _bits(inner, network.prefixlen) == _bits(network, network.prefixlen):
                return thing
        return None


def _bits(network: Network, length: int) -> int:
    """The first `length` bits of the network's address."""
    return int(network.network_address) >> (network.max_prefixlen - length)
