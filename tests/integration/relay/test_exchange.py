"""Host and viewers exchange sealed messages through a real relay."""

from tests.integration.relay.client import Client, message
from tests.integration.relay.conftest import until
from tests.integration.relay.fake_api import FakeApi
from wire.header import CATCHUP, FIRST, GROUP, LAST, RETAIN, Delivery, Stream

WHOLE = FIRST | LAST


async def test_host_and_viewer_meet_and_exchange_messages(api: FakeApi, port: int) -> None:
    host = await Client.open(port, api.ticket("ses_1", 1))
    welcome = await host.text("welcome")
    assert welcome == {
        "type": "welcome",
        "session": "ses_1",
        "sender": 1,
        "role": "host",
        "present": [],
        "relays": [{"id": "rel_01", "url": "ws://localhost:8443"}],
    }
    viewer = await Client.open(port, api.ticket("ses_1", 2))
    assert (await viewer.text("welcome"))["present"] == [{"sender": 1, "role": "host", "side": "customer"}]
    assert await host.text("joined") == {"type": "joined", "sender": 2, "role": "viewer", "side": "operator"}

    hello = message(Delivery.ORDERED, Stream.HANDSHAKE, 2, 1, b"M1")
    viewer.send_messages(hello)
    assert await host.message() == hello
    answer = message(Delivery.ORDERED, Stream.HANDSHAKE, 1, 2, b"M2")
    host.send_messages(answer)
    assert await viewer.message() == answer

    host.send_text(type="admit", sender=2)
    catchup = message(Delivery.FRAME, Stream.SCREEN, 1, flags=CATCHUP | WHOLE, body=b"c" * 60_000)
    group = message(Delivery.FRAME, Stream.SCREEN, 1, flags=GROUP | WHOLE, body=b"g" * 100, seq=1)
    host.send_messages(catchup, group)
    assert await viewer.message() == catchup
    assert await viewer.message() == group
    viewer.close()
    assert await host.text("left") == {"type": "left", "sender": 2}
    await until(lambda: len(api.facts) == 4)
    assert api.facts == [("joined", 1), ("joined", 2), ("admitted", 2), ("left", 2)]


async def test_retained_latest_is_given_to_who_comes_back(api: FakeApi, port: int) -> None:
    host = await Client.join(port, api.ticket("ses_1", 1))
    beacon = message(Delivery.LATEST, Stream.BEACON, 1, flags=RETAIN, seq=7)
    host.send_messages(beacon)
    await host.sync()
    viewer = await Client.join(port, api.ticket("ses_1", 2))
    assert await viewer.message() == beacon
