"""The picture stream as one viewer sees it, judged against everything the host sent."""

from bisect import bisect
from dataclasses import dataclass, field

from wire.header import CATCHUP, FIRST, GROUP, LAST, Header


@dataclass
class Sent:
    """What a host has sent of the picture stream, by sequence number; parts of a catch-up carry its first in `slot`."""

    catchups: dict[int, int] = field(default_factory=dict)
    """Parts of every catch-up begun; 0 while its last part has not been sent."""
    groups: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)

    def note_live(self, number: int, flags: int) -> None:
        self.live.append(number)
        if flags & GROUP:
            self.groups.append(number)


@dataclass
class Watcher:
    """One viewer's connection; raises AssertionError on the first thing that must not be."""

    sent: Sent
    cuts: int = 0
    begun: int | None = None
    """The catch-up whose parts are arriving, by the number of its first."""
    parts: int = 0
    whole: int | None = None
    """The last catch-up received whole, until its group starts."""
    last_live: int | None = None
    """The last live part, while the viewer is in step."""

    def start_over(self) -> None:
        """Admitted anew, or another host: everything queued was dropped."""
        self.begun = self.whole = self.last_live = None

    def note_cuts(self, cuts: int) -> None:
        """The relay counts so many cuts: what was live before is over."""
        if cuts != self.cuts:
            self.cuts, self.last_live, self.whole = cuts, None, None

    def check(self, header: Header) -> None:
        """A FRAME message arrived."""
        if header.kind & CATCHUP:
            self._check_catchup(header.kind, header.seq, header.slot)
        else:
            self._check_live(header.seq)

    def _check_catchup(self, kind: int, number: int, first: int) -> None:
        self.last_live = None
        if kind & FIRST:
            broken_off = self.begun is not None and not self.sent.catchups[self.begun]
            assert self.begun is None or broken_off, "a begun one was not delivered whole"
            self.begun, self.parts, self.whole = number, 0, None
        assert self.begun == (number if kind & FIRST else first), "parts of another"
        self.parts += 1
        if kind & LAST:
            assert self.parts == self.sent.catchups[self.begun], "not all of it"
            self.whole, self.begun = self.begun, None

    def _check_live(self, number: int) -> None:
        assert self.begun is None, "live parts before the catch-up was whole"
        if self.whole is not None:
            assert number == self.sent.groups[bisect(self.sent.groups, self.whole)], "not the group after the catch-up"
        else:
            assert self.last_live is not None, "live without a catch-up"
            assert number == self.sent.live[bisect(self.sent.live, self.last_live)], "a gap"
        self.last_live, self.whole = number, None
