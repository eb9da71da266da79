"""What a stranger sends in the name of a device: challenges, keys and signatures. Nothing but a refusal comes of it."""

from tests.fuzz.target import instrumented, run

with instrumented("api.devices", "wire"):
    from api.devices import proof
    from api.kit.clock import SystemClock
    from api.kit.sealing import Sealer
    from wire import devices

SEALER = Sealer(bytes(32))
DEVICE = "dev_" + "0" * 26


def one_input(data: bytes) -> None:
    """As a challenge it is never believed; as key and signature it never raises (one's own key may fit one's own signature)."""
    now = SystemClock().now()
    text = data.decode("latin-1")
    assert proof.made_at(SEALER, DEVICE, text, now) is None
    assert not proof.signed(data.hex(), text, devices.proof(DEVICE, text))
    proof.signed(data[:32].hex(), data[32:].hex(), devices.proof(DEVICE, "challenge"))


def fuzz(seconds: float) -> None:
    """Start from a challenge for another device."""
    other = proof.challenge(SEALER, "dev_" + "1" * 26, SystemClock().now())
    run("device_proofs", one_input, seconds, [other.encode(), bytes(96), b""])
