"""One seed, one story: who takes part, what goes wrong, and how it must be when everything has calmed down."""

from typing import Final

from tests.simulation.ends import End, Host, Viewer
from tests.simulation.evil import Meddler
from tests.simulation.network import Relay
from tests.simulation.record import Record
from tests.simulation.world import World

BUSY_SECONDS: Final = 60.0
CALM_SECONDS: Final = 45.0
"""Long enough for the worst meeting of two ends (15.6 s for five relays), a catch-up on a slow line, and a silent death."""


class Story:
    """A session over several relays, with faults drawn from the seed."""

    def __init__(self, seed: int, *, evil: bool = False) -> None:
        """`evil`: the relays meddle with everything; then only what must never happen is judged, not what should."""
        self.world = world = World(seed)
        self.record = Record(evil=evil)
        self.meddler = Meddler(world)
        self._evil = evil
        dice = world.dice
        self.relays = [
            Relay(world, f"r{number}", self._seen, self.meddler.toward if evil else lambda item: [item])
            for number in range(dice.choice([2, 2, 3]))
        ]
        self.viewers: dict[int, Viewer] = {}
        self.host = Host(world, self.record, self.relays, self.viewers)
        self.host.connect()
        for number in range(dice.choice([1, 1, 2, 3])):
            world.after(dice.uniform(0, 8) + 12 * number, self._join, 2 + number)
        for _ in range(dice.randrange(1, 9)):
            world.after(dice.uniform(2, BUSY_SECONDS - 5), self._fault)

    def run(self) -> list[str]:
        """Everything, then the calm; what should not have happened."""
        self.world.run(self.world.now + BUSY_SECONDS)
        self._calm()
        self.world.run(self.world.now + CALM_SECONDS)
        if not self._evil:
            self._judge()
        return self.record.violations

    def _seen(self, end: End, frame: bytes) -> None:
        self.record.seen(end.sender, frame)

    def _join(self, sender: int) -> None:
        self.viewers[sender] = viewer = Viewer(self.world, self.record, self.relays, sender)
        viewer.connect()

    # ---- what goes wrong

    def _fault(self) -> None:
        dice = self.world.dice
        kind = dice.choice(
            ["kill", "kill", "drain", "stall", "silent", "reload", "restart", "pause", "depart", "chat", "chat"]
        )
        end = dice.choice([self.host, *self.viewers.values()])
        if kind in {"kill", "drain"}:
            relay = dice.choice(self.relays)
            if relay.up and not relay.draining:
                (relay.kill if kind == "kill" else relay.drain)()
                self.world.after(dice.uniform(3, 20), self._back, relay)
        elif kind == "stall":
            self.world.tell(f"{end.name} stalls")
            end.stalled_until = self.world.now + dice.uniform(0.5, 10)
        elif kind == "silent" and end.connection is not None:
            self.world.tell(f"the line of {end.name} goes silent")
            end.connection.go_silent()
        elif kind == "restart":
            self.host.restart()
        elif kind == "pause":
            self.host.pause(dice.uniform(1, 8))
        elif kind == "chat":
            self.host.write(f"host {self.world.now:.3f}")
        elif kind == "reload" and isinstance(end, Viewer):
            end.reload()
        elif kind == "depart" and isinstance(end, Viewer) and dice.random() < 0.3:
            end.depart()

    def _back(self, relay: Relay) -> None:
        if relay.draining:
            relay.kill()
        relay.start()

    def _calm(self) -> None:
        self.record.calm = self.host.still = True
        for relay in self.relays:
            relay.start()
        for end in (self.host, *self.viewers.values()):
            end.stalled_until = 0.0

    # ---- how it must be

    def _judge(self) -> None:
        record = self.record
        if record.ended:
            if record.departed and not self.host.gone:
                return
            record.violation("end", f"the session ended: {record.ended}")
            return
        for viewer in self.viewers.values():
            if viewer.sender in record.departed:
                continue
            if viewer.sender not in record.admitted:
                record.violation("meeting", f"{viewer.name} was never let in")
            elif viewer.shows_now != bytes(self.host.pixels):
                record.violation("picture", f"{viewer.name} does not show what is on the screen")
