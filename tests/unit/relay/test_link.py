"""A participant's connection: what is answered at once stays small too."""

import asyncio
from typing import Any

import pytest

from relay.websocket import PING, PONG
from tests.property.relay.test_native import HOST, World, connections
from tests.unit.relay.wires import BOTH, feed, frame

PINGS = [number.to_bytes(4, "big") for number in range(1000)]


@pytest.mark.parametrize("make", BOTH)
def test_who_pings_and_does_not_read_has_one_answer_waiting(make: Any) -> None:
    """RFC 6455 5.5.3: of several pings the newest may be answered alone. Else a participant could fill our memory."""

    async def story() -> list[tuple[int, bytes]]:
        with connections(make):
            world = World(make)
            world.step("join", HOST, b"")
            connection = world.links[HOST].connection
            connection.pause_writing()
            feed(connection, b"".join(frame(PING, payload) for payload in PINGS))
            assert connection.transport.frames() == []
            connection.resume_writing()
            answered: list[tuple[int, bytes]] = connection.transport.frames()
            return answered

    assert asyncio.run(story()) == [(PONG, PINGS[-1])]
