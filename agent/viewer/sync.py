"""Which parts make a picture and which pictures may be drawn: BLIND, SYNC, HOLD (docs/protocol.md 6). Pure."""

from dataclasses import dataclass, field
from enum import Enum

from agent.viewer.decode import Decoder
from wire.errors import PictureError
from wire.header import CATCHUP, Header
from wire.limits import MAX_PICTURE_BYTES
from wire.messages.picture import Rectangle
from wire.messages.screen import Part
from wire.proof import PictureProof


class State(Enum):
    """What the viewer may draw next."""

    BLIND = "blind"
    SYNC = "sync"
    HOLD = "hold"


@dataclass
class _Assembly:
    """A picture whose parts are coming in."""

    part: Part
    data: list[memoryview] = field(default_factory=list)
    size: int = 0

    @property
    def count(self) -> int:
        return len(self.data)


class PictureSync:
    """Assembles parts, draws what fits the picture shown, and says what is missing."""

    def __init__(self) -> None:
        self.decoder = Decoder()
        self.proof = PictureProof()
        self.state = State.BLIND
        self.picture = 0
        self._epoch = self._group = self._index = 0
        self._live: _Assembly | None = None
        self._catchup: _Assembly | None = None

    @property
    def receiving(self) -> tuple[int, int]:
        """`(picture, parts so far)` of the live picture in progress; zeros when there is none."""
        return (self._live.part.picture, self._live.count) if self._live else (0, 0)

    def lost_connection(self) -> None:
        """Half-received pictures never come whole; what is drawn stays, and is held to be old."""
        self._live = self._catchup = None
        if self.state is State.SYNC:
            self.state = State.HOLD

    def hold(self) -> None:
        """What is shown is not to be gone on with: only a catch-up helps."""
        self._live = None
        if self.state is State.SYNC:
            self.state = State.HOLD

    def another_association(self) -> None:
        """Nothing of before leads on: the host may be another process, whose numbers begin anew."""
        self.lost_connection()
        self.proof = PictureProof()

    def usable(self, fields: Header, part: Part) -> bool:
        """Whether a part can lead to a picture being drawn."""
        return not self._replayed(fields, part) and (bool(fields.kind & CATCHUP) or self._fits(part))

    def take(self, fields: Header, part: Part, data: memoryview) -> list[Rectangle] | None:
        """A part; the changed rectangles when it made a picture whole and that was drawn."""
        if self._replayed(fields, part):
            return None
        if fields.kind & CATCHUP:
            self._catchup = self._assemble(self._catchup, part, data)
            whole, self._catchup = self._finished(self._catchup)
            return None if whole is None else self._draw(whole, fields.epoch, catchup=True)
        self._live = self._assemble(self._live, part, data)
        whole, self._live = self._finished(self._live)
        if whole is None:
            return None
        if not self._fits(whole.part):
            self.state = State.BLIND if self.state is State.BLIND else State.HOLD
            return None
        return self._draw(whole, fields.epoch, catchup=False)

    def _replayed(self, fields: Header, part: Part) -> bool:
        """Whether a part is of a picture before the one shown (for a live picture: or of that one)."""
        if self.state is State.BLIND:
            return False
        shown = (self._epoch, self.picture)
        newest = (fields.epoch, part.picture)
        return newest < shown if fields.kind & CATCHUP else newest <= shown

    def _fits(self, part: Part) -> bool:
        if self.state is not State.SYNC or part.base != self.picture:
            return False
        return part.index == 0 or (part.group == self._group and part.index == self._index)

    @staticmethod
    def _assemble(current: _Assembly | None, part: Part, data: memoryview) -> _Assembly | None:
        if part.part == 0:
            current = _Assembly(part)
        elif current is None or current.part.picture != part.picture or current.count != part.part:
            return None
        if current.part.parts != part.parts or current.size + len(data) > MAX_PICTURE_BYTES:
            return None
        current.data.append(data)
        current.size += len(data)
        return current

    @staticmethod
    def _finished(current: _Assembly | None) -> tuple[_Assembly | None, _Assembly | None]:
        done = current is not None and current.count == current.part.parts
        return (current, None) if done else (None, current)

    def _draw(self, whole: _Assembly, epoch: int, *, catchup: bool) -> list[Rectangle] | None:
        part, data = whole.part, b"".join(whole.data)
        try:
            if catchup:
                rectangles = self.decoder.catchup(data)
                self._index = 0
            else:
                rectangles = self.decoder.delta(data, first=part.index == 0)
                self._index = part.index + 1
        except PictureError:
            self.state = State.HOLD
            return None
        self.state, self._epoch, self.picture, self._group = State.SYNC, epoch, part.picture, part.group
        (self.proof.restart if catchup else self.proof.add)(part.picture, part.group, data)
        return rectangles
