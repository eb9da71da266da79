"""The one allocator of nonces: gives each sequence number of a key once, counts what the key has sealed (docs/protocol.md 4)."""

from typing import Final, NoReturn

from wire.errors import KeyExhausted
from wire.limits import MAX_KEY_BYTES, MAX_KEY_MESSAGES

SPARE_MESSAGES: Final = 1 << 12
SPARE_BYTES: Final = 1 << 30
"""A key with less than one of these left is replaced: enough for whatever is said while that happens."""


class Nonces:
    """Sequence numbers from 0, each once. There is no way back: it cannot be set, copied or stored and read again."""

    __slots__ = ("__bytes", "__seq")

    def __init__(self) -> None:
        self.__seq = 0
        self.__bytes = 0

    def take(self, size: int) -> int:
        """The next sequence number, for `size` bytes of content. `KeyExhausted` after 2**24 messages or 64 GiB."""
        if self.__seq >= MAX_KEY_MESSAGES or self.__bytes + size > MAX_KEY_BYTES:
            raise KeyExhausted("this key has sealed all it may")
        seq, self.__seq = self.__seq, self.__seq + 1
        self.__bytes += size
        return seq

    @property
    def worn(self) -> bool:
        """Whether another key should take over now, well before this one ends."""
        return self.__seq > MAX_KEY_MESSAGES - SPARE_MESSAGES or self.__bytes > MAX_KEY_BYTES - SPARE_BYTES

    def __copy__(self) -> NoReturn:
        raise TypeError("nonces of a key are given out in one place only")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__copy__()
