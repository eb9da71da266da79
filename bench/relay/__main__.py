"""`python -m bench.relay`: CPU for bytes, latency and memory, as ratios to peers in turns within one run.

Every byte is checked at the other end. The relay checks tickets, counts and holds limits all the while.
"""

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from bench.relay import peers
from bench.relay.load import Peer, pairs, run
from bench.table import Table
from tests.integration.relay.fake_api import FakeApi

PAIRS, WINDOW, ROUNDS = 50, 2, 3
SIZES = (512, 4096, 16384)
GOALS = {"haproxy": (1.1, 1.1, 1.2), "C": (1.2, 1.2, 1.35), "websockify": (1 / 6, 1 / 6, 1 / 6)}
VIEWERS = 8
IDLE = 500
"""Pairs whose memory is measured."""

Spec = Callable[[], Sequence[str]]


async def median(
    mode: str, who: Sequence[tuple[Peer, Spec]], key: str, rounds: int = ROUNDS, **how: Any
) -> list[float]:
    """The medians of one figure for several peers, measured in turns."""
    found: list[list[float]] = [[] for _ in who]
    for _ in range(rounds):
        for kept, (peer, spec) in zip(found, who, strict=True):
            kept.append(float((await run(mode, peer, spec(), **how))[key]))
    return [statistics.median(kept) for kept in found]


async def measure(table: Table, with_websockify: bool) -> None:
    """All rows."""
    async with AsyncExitStack() as stack:
        api = FakeApi()
        await api.start()
        stack.push_async_callback(api.stop)
        ours = await stack.enter_async_context(peers.tasuki(api))
        others = [await stack.enter_async_context(peers.haproxy()), await stack.enter_async_context(peers.in_c())]
        if with_websockify:
            others.append(await stack.enter_async_context(peers.websockify()))

        def our_pairs(count: int = PAIRS, viewers: int = 1) -> Spec:
            return lambda: pairs(ours, count, peers.handshakes(api, count, viewers), peers.admissions(viewers))

        def their_pairs(peer: Peer, count: int = PAIRS) -> Spec:
            return lambda: pairs(peer, count)

        for at, size in enumerate(SIZES):
            who = [(ours, our_pairs()), *((peer, their_pairs(peer)) for peer in others)]
            mine, *theirs = await median("flow", who, "cpu_per_gb", size=size, window=WINDOW, seconds=0.8)
            for peer, cost in zip(others, theirs, strict=True):
                figure = f"CPU per GB, {PAIRS} pairs, {size} B, against {peer.name}"
                table.at_most(figure, mine, cost, GOALS[peer.name][at], "s/GB")
        mine, theirs_ping = await median(
            "ping", [(ours, our_pairs(1)), (others[1], their_pairs(others[1], 1))], "median_us", size=1024, seconds=1.0
        )
        more = mine - theirs_ping
        table.at_most("µs that a 1 KiB round trip takes longer than over C", more, 15.0, 1.0, f"{mine:.0f} µs in all")
        wide, narrow = await median(
            "fan",
            [(ours, our_pairs(6, VIEWERS)), (ours, our_pairs(6))],
            "cpu_per_gb",
            size=4096,
            window=16,
            seconds=0.8,
        )
        table.at_most(f"CPU per delivered GB, 1 to {VIEWERS}, against 1 to 1", wide, narrow, 0.8, "s/GB")
        [idle] = await median("idle", [(ours, our_pairs(IDLE))], "kib_each", rounds=1, seconds=1.5)
        table.at_most("KiB that an idle participant takes, plain", idle, 16.0, 1.0, f"{2 * IDLE} connections")


def main() -> int:
    """0 when every goal holds."""
    table = Table("relay")
    asyncio.run(measure(table, with_websockify="--quick" not in sys.argv))
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
