"""How many connections are taken, in all and from one address, from the accepted socket to its end. Pure."""

from collections import Counter

from relay.limits import CONNECTIONS, CONNECTIONS_PER_ADDRESS


class Gate:
    """Counts what is open. `enter` and `leave` go in pairs, as do `claim` and `release`."""

    def __init__(self, total: int = CONNECTIONS, per_address: int = CONNECTIONS_PER_ADDRESS) -> None:
        self.total = total
        self.per_address = per_address
        self.open = 0
        self._by_address: Counter[str] = Counter()

    def enter(self) -> bool:
        """A socket was accepted; False when it must be closed unheard (it still has to `leave`)."""
        self.open += 1
        return self.open <= self.total

    def leave(self) -> None:
        """The socket is gone."""
        self.open -= 1

    def claim(self, address: str) -> bool:
        """Count a connection for an address; False, and not counted, when it has too many."""
        if self._by_address[address] >= self.per_address:
            return False
        self._by_address[address] += 1
        return True

    def release(self, address: str) -> None:
        """A connection of this address is gone."""
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]
