"""Rows of `make bench-e2e` about keys: the handshake and the record layer against the primitives they are made of, and what
a viewer sees of an epoch change."""

import asyncio
import hashlib
import hmac
import os
import random
import time
from typing import TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from agent.api_client import ApiClient
from agent.host.capture.fake import FakeScreen
from agent.host.session import HostSession
from agent.host.stream import PictureStream
from agent.host.ui.fake import FakeInterface
from agent.host.ui.question import Question
from agent.outbox import Outbox
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from bench.table import Table, in_turns
from tests.e2e.stack import Stack, run_stack
from wire.handshake import HostHandshake, Parties, ViewerHandshake
from wire.header import FRAME_ROOM, split_frame, unpack
from wire.limits import MAX_PART_BYTES
from wire.messages import handshake as messages
from wire.messages.picture import Rectangle
from wire.messages.screen import PART_HEAD_BYTES, decode_part
from wire.seal import Opener, Sealer

T = TypeVar("T")
PICTURE_BYTES = 200_000
EXPANSIONS_EACH = 6
"""host confirm, viewer confirm, two pairwise secrets, resume, digits."""
STALL_MS = 250.0
EPOCHS = 10
FRAME_SECONDS = 1 / 30


def whole_handshake() -> None:
    """Both sides of a full handshake of suite 2, with every message as bytes in between."""
    parties = Parties(bytes(32), 1, 2)
    viewer = ViewerHandshake(parties, "viewer", os.urandom)
    host = HostHandshake(
        parties, "host", os.urandom, association=1, signer=bytes(32), m1=_carried(viewer.start(), messages.M1)
    )
    m3 = viewer.on_m2(_carried(host.answer(), messages.M2))
    m5, association = viewer.on_m4(_carried(host.on_m3(_carried(m3, messages.M3)), messages.M4))
    if host.on_m5(_carried(m5, messages.M5)) != association:
        raise AssertionError("both ends must agree")


def _carried(message: messages.Message, kind: type[T]) -> T:
    found = messages.decode(message.encode())
    if not isinstance(found, kind):
        raise TypeError("another message")
    return found


def bare_primitives() -> None:
    """What the two sides of a handshake cannot do without, and nothing else."""
    ours, theirs = (X25519PrivateKey.from_private_bytes(os.urandom(32)) for _ in range(2))
    shares = ours.public_key().public_bytes_raw(), theirs.public_key().public_bytes_raw()
    decapsulation = MLKEM768PrivateKey.from_seed_bytes(os.urandom(64))
    public = decapsulation.public_key().public_bytes_raw()
    secret, ciphertext = MLKEM768PublicKey.from_public_bytes(public).encapsulate()
    other = decapsulation.decapsulate(ciphertext)
    nonce = os.urandom(64)
    for mine, share, kem in ((ours, shares[1], secret), (theirs, shares[0], other)):
        hashlib.sha256(public + share + nonce).digest()
        th = hashlib.sha256(public + ciphertext + share + nonce + nonce).digest()
        shared = mine.exchange(X25519PublicKey.from_public_bytes(share))
        prk = hmac.digest(b"tasuki/1", kem + shared + th, "sha256")
        for label in range(EXPANSIONS_EACH):
            HKDFExpand(algorithm=hashes.SHA256(), length=32, info=bytes([label]) + th).derive(prk)
        for _ in range(2):
            hmac.digest(prk, th, "sha256")


def sealing() -> tuple[float, float, float, float]:
    """Median milliseconds: a picture cut into parts and sealed; one AES-GCM call of its size; one bare call for each part;
    its hash for the beacon."""
    data = random.Random(1).randbytes(PICTURE_BYTES)
    encoded = bytearray(PART_HEAD_BYTES) + data  # as the encoder leaves it
    stream = PictureStream(1, Outbox())
    stream.use(Sealer(os.urandom(32), 1, 1))
    aead, nonce = AESGCM(os.urandom(32)), bytes(12)

    def ours() -> None:
        for piece in stream._parts(encoded, 1, 0, 0, 0):
            stream._seal(piece)

    sealed, bare = in_turns(ours, lambda: aead.encrypt(nonce, data, bytes(24)), 300)
    view = memoryview(data)
    pieces = [view[at : at + MAX_PART_BYTES] for at in range(0, PICTURE_BYTES, MAX_PART_BYTES)]

    def each() -> None:
        for piece in pieces:
            aead.encrypt(nonce, piece, bytes(24))

    hashed, by_part = in_turns(lambda: hashlib.sha256(data).digest(), each, 300)
    return sealed, bare, by_part, hashed


def opening() -> tuple[float, float, float]:
    """Median milliseconds: frames of a picture taken apart, opened, joined; one AES-GCM call of its size; one for each part."""
    data, secret = random.Random(1).randbytes(PICTURE_BYTES), os.urandom(32)
    stream = PictureStream(1, Outbox())
    stream.use(Sealer(secret, 1, 1))
    pieces = stream._parts(bytearray(PART_HEAD_BYTES) + data, 1, 0, 0, 0)
    frames = [bytes(memoryview(stream._seal(piece))[FRAME_ROOM:]) for piece in pieces]
    opener, aead, nonce, clear = Opener(secret, 1, 1), AESGCM(secret), bytes(12), bytes(24)
    whole = aead.encrypt(nonce, data, clear)
    each = [
        aead.encrypt(nonce, data[at : at + MAX_PART_BYTES], clear) for at in range(0, PICTURE_BYTES, MAX_PART_BYTES)
    ]

    def ours() -> bytes:
        found = [decode_part(opener.open(unpack(m), m))[1] for frame in frames for m in split_frame(frame)]
        return b"".join(found)

    if ours() != data:
        raise AssertionError("what was sealed must open")
    opened, bare = in_turns(ours, lambda: aead.decrypt(nonce, whole, clear), 300)
    _, by_part = in_turns(ours, lambda: [aead.decrypt(nonce, part, clear) for part in each], 100)
    return opened, bare, by_part


def rows(table: Table) -> None:
    """The figures of issue 'End to end' that need no other program."""
    ours, bare = in_turns(whole_handshake, bare_primitives, 300)
    table.at_most(
        "handshake CPU, both sides, against its bare primitives",
        ours,
        bare,
        2.0,
        "ms, suite 2, medians of 300 in turns",
    )
    sealed, one_call, by_part, hashed = sealing()
    note = f"ms, with parts and heads; a bare call for each part: {by_part:.3f}; SHA-256 for the beacon's chain: {hashed:.3f}"
    table.at_most("sealing a 200 kB picture against one AES-GCM call", sealed, one_call, 1.2, note)
    opened, one_call, by_part = opening()
    note = f"ms, to the joined picture; a bare call for each part: {by_part:.3f}"
    table.at_most("opening a 200 kB picture against one AES-GCM call", opened, one_call, 1.2, note)
    with run_stack() as stack:
        stalls, calm = asyncio.run(_epoch_changes(stack))
    note = (
        f"ms, over the relay, pictures at 30/s, {EPOCHS} changes; other: the limit; without a change {calm:.0f} at most"
    )
    table.at_most("epoch change: longest stall seen by a viewer", max(stalls), STALL_MS, 1.0, note)


async def _epoch_changes(stack: Stack) -> tuple[list[float], float]:
    """`(longest wait for a picture around each epoch change, the longest without one)`, in milliseconds."""
    made = stack.session(mode="view")
    async with ApiClient(stack.url, token=stack.token) as api, ApiClient(stack.url) as public:
        seat = await Seat.take(public, await public.post("/v1/join", {"code": made["code"]}), "customer", "host")
        screen, customer = FakeScreen(1280, 720), FakeInterface(answers=[True])
        question = Question.from_statement(seat.statement, stack.url)
        host = HostSession(seat, public, customer, question, screen=screen, injector=None, lang="en")
        running = asyncio.ensure_future(host.run())
        operator = await Seat.take(api, await api.post(f"/v1/sessions/{made['id']}/ticket"), "operator", "viewer")
        async with ViewerSession(operator, api) as viewer:
            await _accepted(viewer, customer)
            drawing = asyncio.ensure_future(_draw(screen))
            calm = max([await _longest_wait(viewer) for _ in range(3)])
            stalls = []
            for _ in range(EPOCHS):
                protocol = host._protocol
                protocol._epochs.renew(protocol._peers.accepted(), asyncio.get_running_loop().time())
                host._link.flush()
                stalls.append(await _longest_wait(viewer))
            drawing.cancel()
            viewer.end()
            await running
    return stalls, calm


async def _accepted(viewer: ViewerSession, customer: FakeInterface) -> None:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 30), events.Drawn):
        if isinstance(event, events.Digits) and event.digits:
            await customer.until_shown("digits")
            customer.type_digits(event.digits)
        if isinstance(event, events.Accepted):
            viewer.confirm()


async def _draw(screen: FakeScreen) -> None:
    """Something moves, thirty times a second."""
    step = 0
    while True:
        await asyncio.sleep(FRAME_SECONDS)
        step += 1
        screen.fill(Rectangle(step * 7 % 1100, 100, 160, 90), (step * 11 % 256, 90, 60))


async def _longest_wait(viewer: ViewerSession, seconds: float = 1.0) -> float:
    """The longest time between two pictures, or to the first or from the last, in so many seconds; milliseconds."""
    start = last = time.perf_counter()
    longest = 0.0
    while last - start < seconds:
        event = await asyncio.wait_for(viewer.next_event(), 10)
        if isinstance(event, events.Drawn):
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    return longest * 1e3
