"""LATEST messages with RETAIN that a room keeps for who comes back; bounded in bytes, the oldest go first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from relay.limits import RETAINED_BYTES
from relay.member import Member
from relay.messages import LatestKey, Message
from relay.permissions import Role


class Retained:
    """The newest message of each (sender, stream, slot, recipient) that asked to be kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[LatestKey, Message] = OrderedDict()
        self.size = 0

    def keep(self, message: Message) -> None:
        """Keep this one in place of an older."""
        self._forget(message.latest_key)
        self._kept[message.latest_key] = message
        self.size += len(message.raw)
        while self.size > RETAINED_BYTES:
            self._forget(next(iter(self._kept)))

    def drop_epochs_before(self, epoch: int) -> None:
        """Forget what no current key opens."""
        self._forget_if(lambda message: message.for_all and message.header.epoch < epoch)

    def drop_participant(self, sender: int) -> None:
        """Forget what a participant sent or was sent; it was kicked."""
        self._forget_if(lambda message: sender in {message.header.sender, message.header.recipient})

    def for_member(self, member: Member) -> Iterator[Message]:
        """What a participant that connects is given."""
        for message in self._kept.values():
            wanted = message.header.recipient == member.sender or (message.for_all and member.role is Role.VIEWER)
            if wanted and message.header.sender != member.sender:
                yield message

    def _forget_if(self, stale: Callable[[Message], bool]) -> None:
        for key in [key for key, message in self._kept.items() if stale(message)]:
            self._forget(key)

    def _forget(self, key: LatestKey) -> None:
        old = self._kept.pop(key, None)
        self.size -= len(old.raw) if old else 0
