"""Makes the shared vectors with fixed randomness; see tests/vectors/README.md."""

import hashlib
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.host.encode import Encoder
from tests.support import mlkem
from wire import keys, proof
from wire.association import Pair
from wire.errors import WireError
from wire.handshake import (
    SUITE_HYBRID,
    SUITE_X25519,
    Association,
    Encapsulate,
    Entropy,
    HostHandshake,
    Parties,
    ViewerHandshake,
)
from wire.header import CATCHUP, FIRST, GROUP, LAST, RETAIN, Delivery, Header, Stream, header
from wire.limits import MAX_CHAT_BODY_BYTES
from wire.messages import chat, handshake
from wire.messages import input as inputs
from wire.messages.feedback import Feedback
from wire.messages.handshake import M1, M2, M3, M4, M5, Notice, NoticeKind
from wire.messages.picture import Rectangle, encode_head
from wire.messages.screen import NO_HASH, Beacon, Part
from wire.seal import Sealer

HERE = Path(__file__).parent
Vectors = dict[str, Any]


def entropy(seed: str) -> Entropy:
    """A reproducible stand-in for `os.urandom`: SHA-256 in counter mode."""
    state = {"at": 0}

    def read(size: int) -> bytes:
        out = b""
        while len(out) < size:
            out += hashlib.sha256(f"{seed}/{state['at']}".encode()).digest()
            state["at"] += 1
        return out[:size]

    return read


def _fields(value: Header) -> Vectors:
    return {**value._asdict(), "seq": str(value.seq)}


def headers() -> Vectors:
    values = [
        header(Delivery.ORDERED, Stream.HANDSHAKE, 2, 1, seq=1),
        header(Delivery.LATEST, Stream.BEACON, 1, epoch=7, seq=2**63, flags=RETAIN),
        header(
            Delivery.FRAME, Stream.SCREEN, 1, epoch=2**32 - 1, slot=255, seq=9, flags=GROUP | CATCHUP | FIRST | LAST
        ),
        header(Delivery.ORDERED, Stream.INPUT, 65535, 1, epoch=3, seq=2**64 - 1),
    ]
    good = values[0].pack()
    bad = {
        "short": good[:-1],
        "empty": b"",
        "version": b"\x02" + good[1:],
        "no-class": good[:1] + b"\x00" + good[2:],
        "unknown-flag": good[:1] + b"\x81" + good[2:],
    }
    return {
        "vectors": [{"id": f"header-{n}", "fields": _fields(v), "hex": v.pack().hex()} for n, v in enumerate(values)]
        + [{"id": name, "hex": data.hex(), "error": "protocol"} for name, data in bad.items()]
    }


def key_schedule() -> Vectors:
    secret = bytes(range(32))
    key, salt = keys.record_key(secret, 5, 1)
    expanded = [
        {"id": f"expand-{label.replace(' ', '-')}", "secret": secret.hex(), "label": label, "context": context.hex(),
         "size": size, "output": keys.expand(secret, label, context, size).hex()}
        for label, context, size in [("digits", b"th", 32), ("host confirm", bytes(32), 32), ("salt", b"\0\0\0\5\0\1", 12)]
    ]  # fmt: skip
    return {
        "vectors": [
            *expanded,
            {
                "id": "record-key",
                "secret": secret.hex(),
                "number": 5,
                "sender": 1,
                "key": key.hex(),
                "salt": salt.hex(),
            },
            {"id": "resume-id", "secret": secret.hex(), "output": keys.resume_id(secret).hex()},
            {
                "id": "link-id",
                "secret": secret[:16].hex(),
                "attempt": b"attempt!".hex(),
                "output": keys.link_id(secret[:16], b"attempt!").hex(),
            },
            {"id": "salt-digits", "method": 0, "secret": "", "output": keys.salt_for(0, b"").hex()},
            {
                "id": "salt-link",
                "method": 1,
                "secret": secret[:16].hex(),
                "output": keys.salt_for(1, secret[:16]).hex(),
            },
            {"id": "salt-resume", "method": 2, "secret": secret.hex(), "output": keys.salt_for(2, secret).hex()},
        ]
    }


CLASSIC, HYBRID = bytes([SUITE_X25519]), bytes([SUITE_X25519, SUITE_HYBRID])
WORD = "e30.eyJwdXJwb3NlIjoidHJhbnNmZXIifQ.c2ln"
"""In the place of an introduction: the handshake carries it and proves that nobody changed it; the host believes tokens."""


def shake(
    seed: str, *, offer: bytes = HYBRID, link: bytes | None = None, resume: bytes | None = None, word: str = ""
) -> tuple[Vectors, Association]:
    """One handshake with all its bytes; `viewer_entropy` is what the viewer draws: key, attempt, nonce, KEM seed."""
    parties = Parties(hashlib.sha256(b"statement").digest(), 1, 2)
    record = entropy(f"{seed}/viewer")
    drawn = [record(size) for size in ((32, 8, 32, 64) if SUITE_HYBRID in offer else (32, 8, 32))]
    viewer = ViewerHandshake(
        parties, "ticket-viewer", entropy(f"{seed}/viewer"), link=link, resume=resume, introduction=word, offer=offer
    )
    m1 = viewer.start()
    random, signer = entropy(f"{seed}/host"), proof.Signer(hashlib.sha256(b"signer").digest())
    host = HostHandshake(
        parties, "ticket-host", random, association=11, signer=signer.public, m1=m1,
        encapsulate=_encapsulate(seed),
    )  # fmt: skip
    m2 = host.answer(link=link, resume=resume)
    m3 = viewer.on_m2(m2)
    m4 = host.on_m3(m3)
    m5, association = viewer.on_m4(m4)
    if host.on_m5(m5) != association:
        raise AssertionError("both ends must agree")
    messages: dict[str, Any] = {"m1": m1, "m2": m2, "m3": m3, "m4": m4, "m5": m5}
    vector = {
        "id": seed,
        "statement": parties.statement.hex(),
        "host": 1,
        "viewer": 2,
        "ticket": "ticket-viewer",
        "introduction": word,
        "suites": offer.hex(),
        "link": link and link.hex(),
        "resume": resume and resume.hex(),
        "viewer_entropy": [part.hex() for part in drawn],
        **{name: message.encode().hex() for name, message in messages.items()},
        "number": association.number,
        "method": association.method,
        "suite": association.suite,
        "host_to_viewer": association.host_to_viewer.hex(),
        "viewer_to_host": association.viewer_to_host.hex(),
        "resume_secret": association.resume_secret.hex(),
        "signer": association.signer.hex(),
        "transcript": association.transcript.hex(),
        "digits": association.digits,
        "fields": {name: _fields_of(message) for name, message in messages.items()},
    }
    return vector, association


def _fields_of(message: Any) -> dict[str, list[int]]:
    """Where each field of a handshake message is: `[offset of its first byte, size]`, empty fields left out. A test flips
    each and looks that nobody takes it."""
    sizes = {
        M1: ["type", "mode", "attempt", "suites", "secret_id", "ticket", "statement", "introduction", "commit"],
        M2: [
            "type",
            "attempt",
            "method",
            "suites",
            "suite",
            "association",
            "ticket",
            "statement",
            "key",
            "nonce",
            "signer",
        ],
        M3: ["type", "attempt", "key", "nonce", "kem_key"],
        M4: ["type", "attempt", "kem_ciphertext", "mac"],
        M5: ["type", "attempt", "mac"],
    }[type(message)]
    prefixes = {"suites": 1, "ticket": 1, "introduction": 2, "kem_key": 2, "kem_ciphertext": 2}
    places, at = {}, 0
    for name in sizes:
        value = getattr(message, name, None)
        size = len(value) if isinstance(value, bytes | str) else 4 if name == "association" else 1
        at += prefixes.get(name, 0)
        if size:
            places[name] = [at, size]
        at += size
    if at != len(message.encode()):
        raise AssertionError("the places must cover the message")
    return places


def lies(of: Vectors, **secrets: bytes | None) -> list[Vectors]:
    """What an honest host answers when the relay changed a field of M1 on its way: the viewer must find out from M2 and M4."""
    parties, found = Parties(hashlib.sha256(b"statement").digest(), 1, 2), []
    signer = proof.Signer(hashlib.sha256(b"signer").digest()).public
    m3: Any = handshake.decode(bytes.fromhex(of["m3"]))
    for name, (at, size) in of["fields"]["m1"].items():
        changed = bytearray.fromhex(of["m1"])
        changed[at + size - 1] ^= 1
        try:
            m1: Any = handshake.decode(bytes(changed))
            random = entropy(f"{of['id']}/host")
            host = HostHandshake(
                parties, "ticket-host", random, association=11, signer=signer, m1=m1, encapsulate=_encapsulate(of["id"])
            )
            answers = host.answer(**secrets).encode().hex(), host.on_m3(m3).encode().hex()
        except WireError:
            continue  # the host found it
        lie = {"id": f"lie-{of['id']}-{name}", "of": of["id"], "m2": answers[0], "m4": answers[1], "error": True}
        found.append(lie)
    return found


def _encapsulate(seed: str) -> Encapsulate:
    return lambda public: mlkem.encapsulate(public, hashlib.sha256(f"{seed}/kem".encode()).digest())


def handshakes() -> Vectors:
    first, association = shake("digits")
    secret = association.resume_secret
    vectors = [
        first,
        shake("link", link=bytes(range(16)))[0],
        shake("resume", resume=secret)[0],
        shake("introduced", word=WORD)[0],
        shake("suite-1", offer=CLASSIC)[0],
        shake("suite-1-link", offer=CLASSIC, link=bytes(range(16)))[0],
        shake("suite-1-resume", offer=CLASSIC, resume=secret)[0],
    ]
    lying = [*lies(vectors[3]), *lies(vectors[6], resume=secret), *lies(vectors[1], link=bytes(range(16)))]
    notices = [
        {"id": f"notice-{kind.name.lower()}", "notice": int(kind), "hex": Notice(kind, b"attempt!").encode().hex()}
        for kind in NoticeKind
    ]
    return {"vectors": vectors + lying + notices}


def beacons() -> Vectors:
    """A signed beacon; then pictures as a viewer sees them, with the beacons that vouch for them."""
    signer, statement = proof.Signer(hashlib.sha256(b"signer").digest()), hashlib.sha256(b"statement").digest()
    first = hashlib.sha256(b"catch-up").digest()
    slots = proof.Slots()
    slots.note(Stream.CURSOR, 0, 4, b"arrow")
    slots.note(Stream.CURSOR, 7, 2, b"hand")
    chain = [NO_HASH]
    for number, data in enumerate((b"one", b"two", b"three"), start=11):
        chain.append(proof.link(chain[-1], number, 3, hashlib.sha256(data).digest()))
    made = [
        Beacon(n, 1_000 * n, 10 + n, 3, int(n == 3), 10, chain[0], chain[n], first, slots.digest()) for n in range(4)
    ]
    bodies = [signer.beacon(beacon, statement, 1, 12).hex() for beacon in made]
    common = {"statement": statement.hex(), "host": 1, "epoch": 12, "signer": signer.public.hex()}
    names = ["counter", "ms", "picture", "group", "state", "base", "start", "chain", "catchup", "slots"]
    fields = [{name: getattr(beacon, name) for name in names} for beacon in made]
    named = [
        {name: v.hex() if isinstance(v, bytes) else str(v) if name == "ms" else v for name, v in row.items()}
        for row in fields
    ]
    enter = ["catchup", 10, 3, b"catch-up".hex()]
    live = [["live", 10 + n, 3, data.hex()] for n, data in enumerate((b"one", b"two", b"three"), start=1)]

    def seen(name: str, steps: list[Any], state: str) -> Vectors:
        return {"id": f"seen-{name}", **common, "steps": steps, "state": state}

    def beacon(n: int) -> list[Any]:
        return ["beacon", bodies[n]]

    other = ["live", 12, 3, b"evil".hex()]
    return {
        "vectors": [
            *({"id": f"beacon-{n}", **common, "hex": bodies[n], "fields": named[n]} for n in range(4)),
            {"id": "slots", "digest": slots.digest().hex(),
             "notes": [[int(Stream.CURSOR), 7, "2", b"hand".hex()], [int(Stream.CURSOR), 0, "3", b"bar".hex()],
                       [int(Stream.CURSOR), 0, "4", b"arrow".hex()]]},
            seen("in-step", [enter, beacon(0), live[0], beacon(1), live[1], live[2], beacon(3)], "proved"),
            seen("beacons-first", [beacon(0), enter, beacon(2), live[0], live[1], beacon(3), live[2]], "proved"),
            seen("late-beacon", [enter, live[0], live[1], beacon(2), beacon(1)], "proved"),
            seen("not-vouched-for-yet", [enter, live[0]], "open"),
            seen("evil-picture", [enter, beacon(0), live[0], other, beacon(2)], "false"),
            seen("evil-catchup", [["catchup", 10, 3, b"evil".hex()], beacon(0)], "false"),
            seen("evil-base", [["catchup", 9, 3, b"catch-up".hex()], beacon(0)], "false"),
            seen("withheld-picture", [enter, beacon(0), live[1], beacon(2)], "false"),
            seen("caught-up-again", [enter, other, beacon(2), ["catchup", 10, 3, b"catch-up".hex()], beacon(0)], "proved"),
        ]
    }  # fmt: skip


def records() -> Vectors:
    _, association = shake("digits")
    host, viewer = Pair(association, 1, 2, host=True), Pair(association, 2, 1, host=False)
    bye, feedback = b'{"type":"bye"}', Feedback(ms=5).encode()
    generation = (1).to_bytes(8, "big")
    pairs = [
        ("host-control", host.say(Stream.CONTROL, bye)[0], "host_to_viewer", 1, generation + bye),
        ("viewer-input", viewer.say(Stream.INPUT, b"\0\0\0\1")[0], "viewer_to_host", 2, generation + b"\0\0\0\1"),
        ("viewer-feedback", viewer.latest(Stream.FEEDBACK, feedback), "viewer_to_host", 2, feedback),
    ]
    epoch_secret = bytes(range(100, 132))
    sealer = Sealer(epoch_secret, 12, 1)
    part = Part(1, 1, 0, 0, 0, 1).encode(b"data")
    frame = sealer.seal(header(Delivery.FRAME, Stream.SCREEN, 1, flags=GROUP | FIRST | LAST), part)

    def vector(name: str, secret: bytes, number: int, sender: int, message: bytes, content: bytes) -> Vectors:
        return {"id": name, "secret": secret.hex(), "number": number, "sender": sender, "message": message.hex(),
                "content": content.hex()}  # fmt: skip

    secrets = {"host_to_viewer": association.host_to_viewer, "viewer_to_host": association.viewer_to_host}
    vectors = [
        vector(name, secrets[secret], 11, sender, message, content) for name, message, secret, sender, content in pairs
    ]
    vectors.append(vector("epoch-screen", epoch_secret, 12, 1, frame, part))
    good = vectors[0]
    for name, at in [("header", 14), ("seq", 23), ("body", 30), ("tag", -1)]:
        message = bytearray.fromhex(good["message"])
        message[at] ^= 1
        vectors.append({**good, "id": f"tampered-{name}", "message": message.hex(), "content": None, "error": "forged"})
    return {"vectors": vectors}


def bodies() -> Vectors:
    events: list[inputs.Event] = [
        inputs.KeyEvent(True, 0x61),
        inputs.KeyEvent(False, 0x0100_65E5),
        inputs.ButtonEvent(True, 1, 10, 20),
        inputs.WheelEvent(-120, 240, 65535, 0),
        inputs.TextEvent("日本語 ä€😀"),
        inputs.ReleaseAll(),
    ]
    named = [{"type": type(e).__name__, **{name: getattr(e, name) for name in e.__slots__}} for e in events]
    feedback = Feedback(1, 2, 3, 4, want=True, welcomed=True, generations={2: 9, 6: 1 << 40})
    return {
        "vectors": [
            {"id": "input", "kind": "input", "ms": 123456, "events": named, "hex": inputs.encode(events, 123456).hex()},
            {"id": "pointer", "kind": "pointer", "after": "7", "x": 640, "y": 480,
             "hex": inputs.encode_pointer(inputs.PointerMove(7, 640, 480)).hex()},
            {"id": "feedback", "kind": "feedback", "ms": 1, "picture": 2, "receiving": 3, "parts": 4, "want": True,
             "welcomed": True, "generations": {"2": "9", "6": str(1 << 40)}, "hex": feedback.encode().hex()},
            {"id": "part", "kind": "part", "picture": 44, "group": 5, "index": 6, "base": 43, "part": 1, "parts": 3,
             "data": b"pixels".hex(), "hex": Part(44, 5, 6, 43, 1, 3).encode(b"pixels").hex()},
        ]
    }  # fmt: skip


def chats() -> Vectors:
    """Bodies of messages, and what is shown of them; malformed ones."""
    one = "0123456789abcdef" * 2
    good: dict[str, Vectors] = {
        "of-a-viewer": {"id": one, "text": "Where is the printer?"},
        "of-the-host": {"id": one, "text": "プリンターは左です", "from": 3, "name": "花子"},
        "ideographic-space": {"id": one, "text": "左　奥", "from": 1, "name": "山田　花子"},
        "lines": {"id": one, "text": "one\r\ntwo\n\nthree"},
        "trimmed": {"id": one, "text": " \n\u3000\u00a0 both ends \t\n"},
        "controls": {"id": one, "text": "a\u0000b\u001b[31mc\u007fd\u0085e\tf"},
        "marks-of-direction": {"id": one, "text": "x\u202eevil\u202c\u2066y\u200f", "name": "\u202eecilA", "from": 2},
        "line-separators": {"id": one, "text": "a\u2028b\u2029c"},
        "unknown-members": {"id": one, "text": "new", "later": [1, 2]},
        "long-name": {"id": one, "text": "x", "from": 65535, "name": "🙂" * 70},
        "line-end-in-a-name": {"id": one, "text": "x", "from": 2, "name": "Alice\nThe session: ended"},
        "longest": {"id": one, "text": "字" * 1365 + "x"},
    }
    bad: dict[str, tuple[bytes, str]] = {
        "not-json": (b"{", "protocol"),
        "not-utf-8": (b'{"id":"' + one.encode() + b'","text":"\xff"}', "protocol"),
        "utf-16": (json.dumps({"id": one, "text": "x"}).encode("utf-16"), "protocol"),
        "no-object": (b'["x"]', "protocol"),
        "no-id": (_json({"text": "x"}), "protocol"),
        "short-id": (_json({"id": one[:-1], "text": "x"}), "protocol"),
        "upper-case-id": (_json({"id": one.upper(), "text": "x"}), "protocol"),
        "id-in-a-list": (_json({"id": [one], "text": "x"}), "protocol"),
        "no-text": (_json({"id": one}), "protocol"),
        "text-is-a-number": (_json({"id": one, "text": 7}), "protocol"),
        "nothing-left": (_json({"id": one, "text": " \u202e\n"}), "protocol"),
        "half-a-character": (b'{"id":"' + one.encode() + b'","text":"a\\ud800b"}', "protocol"),
        "sender-too-large": (_json({"id": one, "text": "x", "from": 65536}), "protocol"),
        "sender-is-a-text": (_json({"id": one, "text": "x", "from": "3"}), "protocol"),
        "sender-is-true": (_json({"id": one, "text": "x", "from": True}), "protocol"),
        "name-is-a-number": (_json({"id": one, "text": "x", "from": 3, "name": 4}), "protocol"),
        "too-long": (_json({"id": one, "text": "字" * 1366}), "too-large"),
        "too-large": (_json({"id": one, "text": "x", "later": "y" * MAX_CHAT_BODY_BYTES}), "too-large"),
    }
    vectors: list[Vectors] = []
    for name, value in good.items():
        line = chat.decode(_json(value))
        shown = {"id": line.id, "text": line.text, "from": line.sender, "name": line.name}
        vectors.append({"id": name, "hex": _json(value).hex(), "line": shown, "again": line.encode().hex()})
    return {"vectors": vectors + [{"id": name, "hex": body.hex(), "error": slug} for name, (body, slug) in bad.items()]}


def _json(value: Vectors) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _screen(rng: random.Random, width: int, height: int) -> bytearray:
    rows = [
        bytes(rng.choice(((30, 30, 30, 255), (250, 250, 250, 255), (200, 90, 10, 255)))) * width for _ in range(height)
    ]
    return bytearray(b"".join(rows))


def _splash(rng: random.Random, pixels: bytearray, width: int, box: Rectangle) -> None:
    for y in range(box.y, box.y + box.height):
        for x in range(box.x, box.x + box.width):
            at = (y * width + x) * 4
            pixels[at : at + 4] = bytes((rng.randrange(256), rng.randrange(256), rng.randrange(256), 255))


def _rgb_hash(pixels: bytes | bytearray) -> str:
    """SHA-256 of the pixels as R, G, B: what both implementations must show."""
    return hashlib.sha256(
        bytes(b for at in range(0, len(pixels), 4) for b in (pixels[at + 2], pixels[at + 1], pixels[at]))
    ).hexdigest()


def _picture(kind: str, data: bytes | bytearray, first: bool, encoder: Encoder) -> Vectors:
    return {"kind": kind, "first": first, "data": data.hex(), "width": encoder.width, "height": encoder.height,
            "rgb_sha256": _rgb_hash(encoder.reference)}  # fmt: skip


def pictures() -> Vectors:
    rng, encoder = random.Random("pictures"), Encoder()
    width, height = 150, 97
    pixels = _screen(rng, width, height)
    steps = [_picture("live", encoder.delta(pixels, width, height) or b"", True, encoder)]
    for box in (Rectangle(3, 5, 40, 8), Rectangle(149, 96, 1, 1), Rectangle(60, 60, 70, 30), Rectangle(0, 0, 1, 97)):
        _splash(rng, pixels, width, box)
        steps.append(_picture("live", encoder.delta(pixels, width, height) or b"", False, encoder))
    steps.append(_picture("catchup", encoder.catchup(), True, encoder))
    encoder.start_group()
    steps.append(_picture("live", encoder.delta(pixels, width, height, always=True) or b"", True, encoder))
    small = _screen(rng, 33, 70)
    steps.append(_picture("live", encoder.delta(small, 33, 70) or b"", False, encoder))

    def compressed(raw: bytes) -> str:
        import zstandard  # noqa: PLC0415

        return zstandard.ZstdCompressor(level=1).compress(raw).hex()

    head = encode_head
    bad = {
        "not-zstd": b"no zstd stream".hex(),
        "outside": compressed(head(10, 10, [Rectangle(5, 5, 6, 5)]) + bytes(90)),
        "too-much": compressed(head(10, 10, [Rectangle(0, 0, 10, 10)] * 3) + bytes(900)),
        "short": compressed(head(10, 10, [Rectangle(0, 0, 10, 10)]) + bytes(299)),
        "long": compressed(head(10, 10, [Rectangle(0, 0, 10, 10)]) + bytes(301)),
        "empty-rectangle": compressed(head(10, 10, [Rectangle(0, 0, 0, 10)])),
        "zero-size": compressed(head(0, 10, [])),
        "huge": compressed(head(65535, 65535, [])),
        "coding": compressed(b"\0\x0a\0\x0a\0\1" + b"\x09" + bytes(4) + b"\0\1\0\1" + bytes(3)),
        "bomb": compressed(head(10, 10, [Rectangle(0, 0, 10, 10)]) + bytes(40_000_000)),
    }
    return {
        "vectors": [{"id": "sequence", "steps": steps}]
        + [{"id": f"bad-{name}", "data": data, "error": "picture"} for name, data in bad.items()]
    }


FILES: dict[str, tuple[str, Callable[[], Vectors]]] = {
    "header.json": ("docs/protocol.md#2", headers),
    "keys.json": ("docs/protocol.md#3", key_schedule),
    "handshake.json": ("docs/protocol.md#3", handshakes),
    "records.json": ("docs/protocol.md#4", records),
    "beacons.json": ("docs/protocol.md#5", beacons),
    "bodies.json": ("docs/protocol.md#5", bodies),
    "chat.json": ("Messages that people write: docs/protocol.md 5.", chats),
    "pictures.json": ("docs/protocol.md#6", pictures),
}


def render(name: str) -> str:
    doc, make = FILES[name]
    return json.dumps({"doc": doc, **make()}, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    stale = []
    for name in FILES:
        path, text = HERE / name, render(name)
        if "--check" in sys.argv:
            stale += [name] if path.read_text(encoding="utf-8") != text else []
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m tests.vectors.generate\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
