"""The conversation of a session, kept and passed on by the host (docs/protocol.md 5). Pure.

Whoever may chat sees all of it from when they came; a message is shown once, whatever is sent again.
"""

from collections.abc import Iterable
from typing import Final

from agent.host.consent import CHAT, Consent
from agent.host.peer import Peer, Peers, Phase
from agent.outbox import Outbox
from wire.handshake import Entropy
from wire.header import Stream
from wire.limits import CHAT_KEPT
from wire.messages import chat, control
from wire.messages.chat import Line

FLOOD_SECONDS: Final = 0.2
"""A viewer's messages closer together than this, for longer than `BURST`, are not taken: nobody writes so fast."""
BURST: Final = 20


class Chat:
    """The messages so far, newest last; at most `CHAT_KEPT`."""

    def __init__(self, me: int, consent: Consent, outbox: Outbox, entropy: Entropy, lines: Iterable[Line] = ()) -> None:
        """`lines`: the conversation before this process was restarted."""
        self._me, self._consent, self._outbox, self._entropy = me, consent, outbox, entropy
        self.lines: list[Line] = list(lines)[-CHAT_KEPT:]
        self._credit: dict[int, tuple[float, float]] = {}

    def welcome(self, peer: Peer) -> None:
        """Tell a viewer that came (or came back under new keys) what was written; it knows what it has by the ids."""
        if CHAT in self._consent.grants_of(peer.sender):
            for line in self.lines:
                self._tell(peer, line)

    def say(self, text: str, peers: Peers) -> Line | None:
        """The person at this machine writes; None when chat is not allowed now. Raises `Malformed`, `TooLarge`."""
        if CHAT not in self._consent.grants:
            return None
        line = Line(self._entropy(chat.ID_BYTES).hex(), chat.checked(text), self._me)
        self._keep(line, peers)
        return line

    def take(self, peer: Peer, body: bytes, peers: Peers, now: float) -> Line | None:
        """A viewer's message: the line if it is new and allowed. Raises `Malformed`, `TooLarge`."""
        line = chat.decode(body)
        line = Line(line.id, line.text, peer.sender, peer.name)
        known = next((old for old in self.lines if (old.sender, old.id) == (line.sender, line.id)), None)
        if known is not None:
            self._tell(peer, known)
            return None
        allowed = peer.phase is Phase.ACCEPTED and CHAT in self._consent.grants_of(peer.sender)
        if not allowed or not self._afford(peer.sender, now):
            self._refuse(peer, line.id)
            return None
        self._keep(line, peers)
        return line

    def _keep(self, line: Line, peers: Peers) -> None:
        self.lines = [*self.lines[1 - CHAT_KEPT :], line]
        for peer in peers.accepted():
            if CHAT in self._consent.grants_of(peer.sender):
                self._tell(peer, line)

    def _tell(self, peer: Peer, line: Line) -> None:
        if peer.pair is not None:
            self._outbox.ordered(*peer.pair.say(Stream.CHAT, line.encode()))

    def _refuse(self, peer: Peer, message: str) -> None:
        """Say that a message was not taken, so that its writer knows."""
        if peer.pair is not None:
            body = control.encode({"type": "ignored", "stream": "chat", "id": message, "count": 1})
            self._outbox.ordered(*peer.pair.say(Stream.CONTROL, body))

    def _afford(self, sender: int, now: float) -> bool:
        last, credit = self._credit.get(sender, (now, float(BURST)))
        credit = min(BURST, credit + (now - last) / FLOOD_SECONDS)
        self._credit[sender] = (now, credit - (credit >= 1))
        return credit >= 1
