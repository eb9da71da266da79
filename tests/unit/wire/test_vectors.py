"""The shared vectors of tests/vectors, from Python's side; every file and every vector must be used."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.viewer.decode import Decoder
from tests.vectors.generate import FILES, entropy, render
from wire import keys, proof
from wire.errors import Forged, Malformed, PictureError, WireError
from wire.handshake import HostHandshake, Parties, ViewerHandshake
from wire.header import Header, unpack
from wire.messages import chat, feedback, handshake, screen
from wire.messages import input as inputs
from wire.seal import Opener

FOLDER = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> list[Any]:
    return [pytest.param(v, id=v["id"]) for v in json.loads((FOLDER / name).read_text())["vectors"]]


def test_every_file_is_used_and_current() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(FILES)
    for name in FILES:
        assert (FOLDER / name).read_text() == render(name), f"{name} is stale: python -m tests.vectors.generate"


@pytest.mark.parametrize("vector", vectors("header.json"))
def test_header(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if "error" in vector:
        with pytest.raises(Malformed):
            unpack(data)
        return
    fields = Header(**{**vector["fields"], "seq": int(vector["fields"]["seq"])})
    assert unpack(data) == fields
    assert fields.pack() == data


@pytest.mark.parametrize("vector", vectors("keys.json"))
def test_key_schedule(vector: dict[str, Any]) -> None:
    secret = bytes.fromhex(vector["secret"])
    if "label" in vector:
        got = keys.expand(secret, vector["label"], bytes.fromhex(vector["context"]), vector["size"])
        assert got.hex() == vector["output"]
    elif "number" in vector:
        key, salt = keys.record_key(secret, vector["number"], vector["sender"])
        assert (key.hex(), salt.hex()) == (vector["key"], vector["salt"])
    elif "method" in vector:
        assert keys.salt_for(vector["method"], secret).hex() == vector["output"]
    elif "attempt" in vector:
        assert keys.link_id(secret, bytes.fromhex(vector["attempt"])).hex() == vector["output"]
    else:
        assert keys.resume_id(secret).hex() == vector["output"]


@pytest.mark.parametrize("vector", vectors("handshake.json"))
def test_handshake(vector: dict[str, Any]) -> None:
    if "notice" in vector:
        message = handshake.decode(bytes.fromhex(vector["hex"]))
        assert isinstance(message, handshake.Notice)
        assert message.encode().hex() == vector["hex"]
        return
    if "error" in vector:
        _lied_to(vector)
        return
    viewer = viewer_of(vector)
    assert viewer.start().encode().hex() == vector["m1"]
    assert viewer.on_m2(_m2(vector)).encode().hex() == vector["m3"]
    m5, association = viewer.on_m4(_m4(vector))
    assert m5.encode().hex() == vector["m5"]
    for name in ("host_to_viewer", "viewer_to_host", "resume_secret", "transcript", "signer"):
        assert getattr(association, name).hex() == vector[name]
    for name in ("digits", "number", "method", "suite"):
        assert getattr(association, name) == vector[name]


def viewer_of(vector: dict[str, Any]) -> ViewerHandshake:
    """The viewer of a vector, with its randomness."""
    link, resume = (vector[name] and bytes.fromhex(vector[name]) for name in ("link", "resume"))
    parties = Parties(bytes.fromhex(vector["statement"]), vector["host"], vector["viewer"])
    return ViewerHandshake(
        parties, vector["ticket"], entropy(f"{vector['id']}/viewer"), link=link, resume=resume,
        introduction=vector["introduction"], offer=bytes.fromhex(vector["suites"]),
    )  # fmt: skip


def _m2(vector: dict[str, Any]) -> handshake.M2:
    message = handshake.decode(bytes.fromhex(vector["m2"]))
    assert isinstance(message, handshake.M2)
    return message


def _m4(vector: dict[str, Any]) -> handshake.M4:
    message = handshake.decode(bytes.fromhex(vector["m4"]))
    assert isinstance(message, handshake.M4)
    return message


def _lied_to(vector: dict[str, Any]) -> None:
    """The relay changed M1: the host's honest answers to that do not convince the viewer."""
    viewer = viewer_of(next(v.values[0] for v in vectors("handshake.json") if v.id == vector["of"]))
    viewer.start()

    def believe() -> None:
        viewer.on_m2(_m2(vector))
        viewer.on_m4(_m4(vector))

    with pytest.raises(WireError):
        believe()


@pytest.mark.rule("R15")
@pytest.mark.parametrize("name", ["m1", "m2", "m3", "m4", "m5"])
def test_every_byte_of_a_handshake_counts_tamper(name: str) -> None:
    """Flip each byte of each message on its way: no handshake with a changed byte ends on both sides."""
    vector = next(v.values[0] for v in vectors("handshake.json") if v.id == "introduced")
    for at in range(len(vector[name]) // 2):
        changed = bytearray.fromhex(vector[name])
        changed[at] ^= 0x01
        assert not _both_finish(vector, name, bytes(changed)), f"byte {at} of {name} was changed unnoticed"


def _both_finish(vector: dict[str, Any], name: str, changed: bytes) -> bool:
    parties, viewer = Parties(bytes.fromhex(vector["statement"]), 1, 2), viewer_of(vector)

    def carry(message: Any, which: str) -> Any:
        return handshake.decode(changed if which == name else message.encode())

    try:
        m1 = carry(viewer.start(), "m1")
        host = HostHandshake(parties, "ticket-host", os.urandom, association=11, signer=bytes(32), m1=m1)
        if m1.statement != parties.statement:
            return False  # the host answers `statement-differs` (agent.host.protocol)
        m3 = carry(viewer.on_m2(carry(host.answer(), "m2")), "m3")
        m5, association = viewer.on_m4(carry(host.on_m3(m3), "m4"))
        return host.on_m5(carry(m5, "m5")) == association
    except WireError:
        return False


@pytest.mark.parametrize("vector", vectors("records.json"))
def test_records(vector: dict[str, Any]) -> None:
    opener = Opener(bytes.fromhex(vector["secret"]), vector["number"], vector["sender"])
    message = bytes.fromhex(vector["message"])
    if vector.get("error"):
        with pytest.raises(Forged):
            opener.open(unpack(message), message)
        return
    assert opener.open(unpack(message), message).hex() == vector["content"]


@pytest.mark.parametrize("vector", vectors("bodies.json"))
def test_bodies(vector: dict[str, Any]) -> None:
    body, kind = bytes.fromhex(vector["hex"]), vector["kind"]
    if kind == "input":
        ms, events = inputs.decode(body)
        assert (ms, inputs.encode(events, ms)) == (vector["ms"], body)
        assert [type(event).__name__ for event in events] == [event["type"] for event in vector["events"]]
    elif kind == "pointer":
        assert inputs.decode_pointer(body) == inputs.PointerMove(int(vector["after"]), vector["x"], vector["y"])
    elif kind == "feedback":
        value = feedback.decode(body)
        assert value.generations == {int(k): int(v) for k, v in vector["generations"].items()}
        assert (value.picture, value.receiving, value.parts, value.want) == (2, 3, 4, True)
        assert value.encode() == body
    else:
        part, data = screen.decode_part(body)
        assert (part, bytes(data).hex()) == (screen.Part(44, 5, 6, 43, 1, 3), vector["data"])


@pytest.mark.parametrize("vector", vectors("chat.json"))
def test_chat(vector: dict[str, Any]) -> None:
    body = bytes.fromhex(vector["hex"])
    if "error" in vector:
        with pytest.raises(WireError) as refused:
            chat.decode(body)
        assert refused.value.slug == vector["error"]
        return
    line = chat.decode(body)
    assert {"id": line.id, "text": line.text, "from": line.sender, "name": line.name} == vector["line"]
    assert line.encode().hex() == vector["again"]
    assert chat.decode(line.encode()) == line, "nothing is left to take away"


@pytest.mark.parametrize("vector", vectors("pictures.json"))
def test_pictures(vector: dict[str, Any]) -> None:
    decoder = Decoder()
    if "error" in vector:
        with pytest.raises(PictureError):
            decoder.catchup(bytes.fromhex(vector["data"]))
        return
    for step in vector["steps"]:
        data = bytes.fromhex(step["data"])
        if step["kind"] == "live":
            decoder.delta(data, first=step["first"])
        else:
            decoder.catchup(data)
        rgb = bytearray(len(decoder.pixels) // 4 * 3)
        for channel in range(3):
            rgb[channel::3] = decoder.pixels[2 - channel :: 4]
        assert (decoder.width, decoder.height) == (step["width"], step["height"])
        assert hashlib.sha256(rgb).hexdigest() == step["rgb_sha256"]


def signed_beacon(vector: dict[str, Any], body: bytes) -> screen.Beacon:
    """A beacon that the host of the vector signed."""
    beacon, signed, signature = screen.decode_beacon(body)
    signer, statement = bytes.fromhex(vector["signer"]), bytes.fromhex(vector["statement"])
    proof.check_beacon(signer, signed, signature, statement, vector["host"], vector["epoch"])
    return beacon


@pytest.mark.rule("R20")
@pytest.mark.parametrize("vector", vectors("beacons.json"))
def test_beacons(vector: dict[str, Any]) -> None:
    if "steps" in vector:
        assert _seen(vector) == vector["state"]
    elif "notes" in vector:
        slots = proof.Slots()
        for stream, slot, seq, content in vector["notes"]:
            slots.note(stream, slot, int(seq), bytes.fromhex(content))
        assert slots.digest().hex() == vector["digest"]
    else:
        beacon = signed_beacon(vector, bytes.fromhex(vector["hex"]))
        for name, value in vector["fields"].items():
            found = getattr(beacon, name)
            assert (found.hex() if isinstance(found, bytes) else str(found)) == str(value)
        assert beacon.encode().hex() == vector["hex"][: -2 * screen.SIGNATURE_BYTES]


def _seen(vector: dict[str, Any]) -> str:
    seen = proof.PictureProof()
    for kind, *rest in vector["steps"]:
        if kind == "beacon":
            seen.beacon(signed_beacon(vector, bytes.fromhex(rest[0])))
        else:
            number, group, data = rest
            (seen.restart if kind == "catchup" else seen.add)(number, group, bytes.fromhex(data))
    return "false" if seen.false else "proved" if seen.proved else "open"


@pytest.mark.rule("R20")
def test_every_byte_of_a_beacon_counts_tamper() -> None:
    vector = next(v.values[0] for v in vectors("beacons.json") if v.id == "beacon-3")
    body = bytes.fromhex(vector["hex"])
    for at in range(len(body)):
        changed = bytearray(body)
        changed[at] ^= 1
        with pytest.raises(Forged):
            signed_beacon(vector, bytes(changed))
    for name in ("host", "epoch"):
        with pytest.raises(Forged):
            signed_beacon({**vector, name: vector[name] + 1}, body)
    with pytest.raises(Forged):
        signed_beacon({**vector, "statement": bytes(32).hex()}, body)


def test_a_beacon_of_a_later_version_may_say_more() -> None:
    """What follows the known fields and comes before the signature is signed as well and otherwise left alone."""
    vector = next(v.values[0] for v in vectors("beacons.json") if v.id == "beacon-1")
    signer = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"signer").digest())
    signed = bytes.fromhex(vector["hex"])[: -screen.SIGNATURE_BYTES] + b"later"
    signature = signer.sign(proof.signed_bytes(bytes.fromhex(vector["statement"]), 1, 12, signed))
    assert signed_beacon(vector, signed + signature).counter == 1
    with pytest.raises(Malformed):
        screen.decode_beacon((signed + signature)[:200])
