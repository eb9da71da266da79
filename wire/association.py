"""One finished handshake in use: sealing, opening and ordering between a host and one viewer (docs/protocol.md 4)."""

from dataclasses import dataclass

from wire.handshake import Association
from wire.header import PAIRWISE_STREAMS, Delivery, Header, header
from wire.ordered import OrderedIn, OrderedOut
from wire.seal import Opener, Sealer


@dataclass(frozen=True, slots=True)
class Received:
    """A pairwise message that was opened."""

    header: Header
    body: bytes


class Pair:
    """Pairwise messages with one peer. Only the record keys are kept of the association's secrets."""

    def __init__(self, association: Association, me: int, peer: int, *, host: bool) -> None:
        self.number, self.method, self.suite = association.number, association.method, association.suite
        self.signer = association.signer
        self.me, self.peer = me, peer
        mine, theirs = association.host_to_viewer, association.viewer_to_host
        if not host:
            mine, theirs = theirs, mine
        self._sealer = Sealer(mine, association.number, me)
        self._opener = Opener(theirs, association.number, peer)
        self.out = OrderedOut()
        self.incoming = OrderedIn()
        self._newest: dict[tuple[int, int], int] = {}

    def say(self, stream: int, body: bytes) -> list[bytes]:
        """Queue an ORDERED body and return the messages that may leave now."""
        self.out.push(stream, body)
        return self.pump()

    def pump(self) -> list[bytes]:
        """Seal what the window lets out (after an acknowledgement)."""
        messages = []
        while (item := self.out.next()) is not None:
            stream, content = item
            message = self._sealer.seal(header(Delivery.ORDERED, stream, self.me, self.peer), content)
            self.out.sent(stream, message)
            messages.append(message)
        return messages

    def latest(self, stream: int, body: bytes, *, slot: int = 0) -> bytes:
        """Seal a LATEST body."""
        return self._sealer.seal(header(Delivery.LATEST, stream, self.me, self.peer, slot=slot), body)

    def open(self, fields: Header, message: bytes | memoryview) -> Received | None:
        """A message of the peer, or None when it is of another association, known already or out of turn.

        Raises `Forged` when it was not sealed by the peer; ask `broken` whether that was once too often.
        """
        if fields.epoch != self.number or fields.sender != self.peer or fields.recipient != self.me:
            return None
        if fields.stream not in PAIRWISE_STREAMS or not fields.fits_its_stream:
            return None
        content = self._opener.open(fields, message)
        if fields.delivery == Delivery.ORDERED:
            body = self.incoming.take(fields.stream, content)
            return None if body is None else Received(fields, body)
        key = (fields.stream, fields.slot)
        if fields.seq <= self._newest.get(key, -1):
            return None
        self._newest[key] = fields.seq
        return Received(fields, content)

    def forgive(self) -> None:
        """A new connection: forgeries are counted anew."""
        self._opener.forgeries = 0

    @property
    def broken(self) -> bool:
        """Too many forgeries: tear the connection down."""
        return self._opener.broken

    @property
    def worn(self) -> bool:
        """The sending key is nearly used up: a new handshake is due."""
        return self._sealer.worn
