"""What a stranger sends in the name of a device: challenges, keys and signatures. Nothing but a refusal comes of it."""

import tempfile
from pathlib import Path

from tests.fuzz.target import instrumented, run

with instrumented("api.devices", "wire"):
    from api.devices import proof
    from api.keyring import Keyring
    from api.keyring.master import MasterKeys
    from api.keyring.repository import KeyStore
    from api.kit.clock import SystemClock
    from wire import devices

FOLDER = Path(tempfile.mkdtemp(prefix="tasuki-fuzz-"))
KEYRING = Keyring(KeyStore(f"sqlite:///{FOLDER / 'keyring.db'}"), MasterKeys(FOLDER / "master.key"))
KEYRING.store.start()
SEALER = KEYRING.server
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
