"""The control plane on PostgreSQL, with fsync on: against a bare insert on the same cluster, and two processes against one."""

import asyncio
import os
from pathlib import Path

from bench.load import Client, Request, in_turns
from bench.table import Table
from tests.e2e.stack import free_ports
from tests.support.postgresql import cluster

ROUNDS, BATCH, BUSY = 15, 60, 16
CREATE_GOAL, TWO_GOAL = 0.5, 1.6
CORES_NEEDED = 4
"""Two for the processes, and as much for PostgreSQL and whoever asks: below that two processes have nothing to run on."""


def rows(table: Table, folder: Path) -> None:
    """Both rows, on a cluster of their own with PostgreSQL's own settings."""
    from bench import api

    folder.mkdir()
    ports = free_ports(3)
    with cluster() as running:
        database, bare = running.create("tasuki"), running.create("bare")
        signed = (("Authorization", f"Bearer {api.installed(folder, ports[0], database)}"),)
        create = [Request("POST", "/v1/sessions", api.BODY, headers=signed)] * BATCH
        insert = [Request("POST", "/notes", api.BODY)] * BATCH
        with api.our_api(folder, ports[0], database), api.bare_api(folder, ports[1], bare):
            ours, other = asyncio.run(_turns(Client(ports[0]), Client(ports[1]), create, insert))
        note = f"{ours:.2f} ms, fsync on, a cluster in a file"
        table.at_least("session create on PostgreSQL, rate against one insert", 1 / ours, 1 / other, CREATE_GOAL, note)
        with api.our_api(folder, ports[0], database), api.our_api(folder, ports[0], database, 2, ports[2]):
            two, one = asyncio.run(_turns(Client(ports[2], BUSY), Client(ports[0], BUSY), create, create))
    cores = os.cpu_count() or 1
    enough = cores >= CORES_NEEDED
    note = (
        f"{BUSY} connections" if enough else f"no claim: {cores} cores for all, {CORES_NEEDED} are needed to show 1.6x"
    )
    table.at_least("session create by 2 processes against 1", 1 / two, 1 / one, TWO_GOAL if enough else 0.0, note)


async def _turns(ours: Client, other: Client, mine: list[Request], theirs: list[Request]) -> tuple[float, float]:
    await in_turns(ours, other, lambda _: mine, theirs, 2)
    first, second, _ = await in_turns(ours, other, lambda _: mine, theirs, ROUNDS)
    return first, second
