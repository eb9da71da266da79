"""The shared vectors of tests/vectors, from Python's side; every file and every vector must be used."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from agent.viewer.decode import Decoder
from tests.vectors.generate import FILES, entropy, render
from wire import keys
from wire.errors import Forged, Malformed, PictureError, WireError
from wire.handshake import HostHandshake, Parties, ViewerHandshake
from wire.header import Header, unpack
from wire.messages import feedback, handshake, screen
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
    else:
        assert keys.resume_id(secret).hex() == vector["output"]


@pytest.mark.parametrize("vector", vectors("handshake.json"))
def test_handshake(vector: dict[str, Any]) -> None:
    if "notice" in vector:
        message = handshake.decode(bytes.fromhex(vector["hex"]))
        assert isinstance(message, handshake.Notice)
        assert message.encode().hex() == vector["hex"]
        return
    link, resume = (vector[name] and bytes.fromhex(vector[name]) for name in ("link", "resume"))
    parties = Parties(bytes.fromhex(vector["statement"]), vector["host"], vector["viewer"])
    viewer = ViewerHandshake(parties, vector["ticket"], entropy(f"{vector['id']}/viewer"), link=link, resume=resume)
    assert viewer.start().encode().hex() == vector["m1"]
    m2, m4 = (handshake.decode(bytes.fromhex(vector[name])) for name in ("m2", "m4"))
    assert isinstance(m2, handshake.M2)
    assert isinstance(m4, handshake.M4)
    assert viewer.on_m2(m2).encode().hex() == vector["m3"]
    m5, association = viewer.on_m4(m4)
    assert m5.encode().hex() == vector["m5"]
    for name in ("host_to_viewer", "viewer_to_host", "resume_secret", "transcript"):
        assert getattr(association, name).hex() == vector[name]
    assert (association.digits, association.number, association.method) == (
        vector["digits"],
        vector["number"],
        vector["method"],
    )


@pytest.mark.rule("R15")
@pytest.mark.parametrize("name", ["m1", "m2", "m3", "m4", "m5"])
def test_every_byte_of_a_handshake_counts_tamper(name: str) -> None:
    """Flip each byte of each message on its way: no handshake with a changed byte ends on both sides."""
    vector = next(v.values[0] for v in vectors("handshake.json") if v.id == "digits")
    for at in range(len(vector[name]) // 2):
        changed = bytearray.fromhex(vector[name])
        changed[at] ^= 0x01
        assert not _both_finish(vector, name, bytes(changed)), f"byte {at} of {name} was changed unnoticed"


def _both_finish(vector: dict[str, Any], name: str, changed: bytes) -> bool:
    parties = Parties(bytes.fromhex(vector["statement"]), 1, 2)
    viewer = ViewerHandshake(parties, "ticket-viewer", entropy("digits/viewer"))

    def carry(message: Any, which: str) -> Any:
        return handshake.decode(changed if which == name else message.encode())

    try:
        m1 = carry(viewer.start(), "m1")
        host = HostHandshake(parties, "ticket-host", entropy("digits/host"), association=11, m1=m1)
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
    elif kind == "beacon":
        assert screen.decode_beacon(body + b"later") == screen.Beacon(3, int(vector["ms"]), 44, 5)
    else:
        part, data = screen.decode_part(body)
        assert (part, bytes(data).hex()) == (screen.Part(44, 5, 6, 43, 1, 3), vector["data"])


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
