"""The decoder in the browser against the host's encoder, and against hostile data."""

import base64
import hashlib
import random
import struct
from typing import Any

import pytest
import zstandard
from playwright.sync_api import Page

from agent.host.encode import Encoder

pytestmark = pytest.mark.browser


@pytest.fixture
def decoder(blank: Page) -> Page:
    blank.evaluate("async () => (await import('/js/decoding.js')).reset()")
    return blank


def decode(page: Page, data: bytes | bytearray, *, first: bool = True, catchup: bool = False) -> dict[str, Any]:
    arguments = [base64.b64encode(data).decode(), first, catchup]
    script = "async (given) => (await import('/js/decoding.js')).decode(...given)"
    found: dict[str, Any] = page.evaluate(script, arguments)
    return found


def rgb_hash(bgra: bytes | bytearray) -> str:
    rgb = bytearray(len(bgra) // 4 * 3)
    rgb[0::3], rgb[1::3], rgb[2::3] = bgra[2::4], bgra[1::4], bgra[0::4]
    return hashlib.sha256(rgb).hexdigest()


def painted(rng: random.Random, screen: bytearray, width: int, height: int) -> None:
    """Change a few rectangles: flat, noisy, one pixel, a whole row."""
    for _ in range(rng.randrange(1, 4)):
        w, h = rng.choice([(1, 1), (width, 1), (1, height), (rng.randint(1, width), rng.randint(1, height))])
        x, y = rng.randrange(width - w + 1), rng.randrange(height - h + 1)
        for row in range(y, y + h):
            colour = rng.randbytes(3) + b"\xff"
            line = colour * w if rng.random() < 0.5 else b"".join(rng.randbytes(3) + b"\xff" for _ in range(w))
            screen[(row * width + x) * 4 : (row * width + x + w) * 4] = line


@pytest.mark.parametrize("seed", range(6))
def test_what_the_host_encodes_is_what_is_shown(decoder: Page, seed: int) -> None:
    rng = random.Random(seed)
    width, height = rng.choice([(1, 1), (7, 3), (97, 61), (130, 64), (333, 205), (64, 257)])
    screen = bytearray(b"\0\0\0\xff" * width * height)
    encoder = Encoder()
    first = True
    for step in range(25):
        painted(rng, screen, width, height)
        data = encoder.delta(screen, width, height, always=True)
        assert data is not None
        wanted = {"width": width, "height": height, "sha256": rgb_hash(screen)}
        assert decode(decoder, data, first=first) == wanted
        first = False
        if step % 8 == 5:
            assert decode(decoder, encoder.catchup(), catchup=True) == wanted
            encoder.start_group()
            first = True


def zstd(data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=20)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def picture(width: int, height: int, rectangles: list[tuple[int, int, int, int, int]], pixels: bytes = b"") -> bytes:
    head = struct.pack(">HHH", width, height, len(rectangles))
    return head + b"".join(struct.pack(">BHHHH", *rectangle) for rectangle in rectangles) + pixels


WHOLE = (1, 0, 0, 4, 4)
EVIL = {
    "bomb": picture(4, 4, [WHOLE], bytes(200 << 20)),
    "too-wide": picture(20_000, 4, []),
    "too-many-pixels": picture(16_384, 16_384, [(1, 0, 0, 16_384, 16_384)]),
    "no-pixels": picture(0, 4, []),
    "too-many-rectangles": picture(4, 4, [WHOLE] * 5_000),
    "outside": picture(4, 4, [(1, 1, 0, 4, 4)], bytes(48)),
    "empty-rectangle": picture(4, 4, [WHOLE, (1, 0, 0, 0, 4)], bytes(48)),
    "more-than-twice": picture(4, 4, [WHOLE] * 3, bytes(144)),
    "unknown-coding": picture(4, 4, [(2, 0, 0, 4, 4)], bytes(48)),
    "short": picture(4, 4, [WHOLE], bytes(47)),
    "long": picture(4, 4, [WHOLE], bytes(49)),
    "does-not-cover": picture(4, 4, [(1, 0, 0, 4, 3)], bytes(36)),
    "nothing": b"",
    "half-a-head": b"\0\4\0",
}


@pytest.mark.rule("R06")
@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", EVIL)
def test_evil_pictures_are_refused(decoder: Page, name: str) -> None:
    assert decode(decoder, zstd(EVIL[name])) == {"error": "picture"}


UNCOVERED = {
    "small": [(1, 0, 0, 4, 3)],
    "small-then-whole": [(1, 0, 0, 1, 1), WHOLE],
    "halves": [(1, 0, 0, 4, 2), (1, 0, 2, 4, 2)],
    "same-pixels-twice": [(1, 0, 0, 4, 2), (1, 0, 0, 4, 2)],
    "none": [],
}


@pytest.mark.rule("R26")
@pytest.mark.parametrize("name", UNCOVERED)
@pytest.mark.parametrize("kind", ["catchup", "another-size"])
def test_evil_pictures_that_let_the_last_one_show_through_are_refused(decoder: Page, kind: str, name: str) -> None:
    side = 4 if kind == "catchup" else 3
    before = picture(side, side, [(1, 0, 0, side, side)], bytes(range(3 * side * side)))
    shown = decode(decoder, zstd(before))
    assert shown["width"] == side
    data = picture(4, 4, UNCOVERED[name], bytes(sum(3 * w * h for _, _, _, w, h in UNCOVERED[name])))
    assert decode(decoder, zstd(data), catchup=kind == "catchup") == {"error": "picture"}
    nothing = picture(side, side, [])
    assert decode(decoder, zstd(nothing)) == shown, "the picture of before is untouched"


def test_a_delta_without_its_group_is_refused(decoder: Page) -> None:
    assert decode(decoder, zstd(picture(4, 4, [WHOLE], bytes(48))), first=False) == {"error": "picture"}


def test_tampered_pictures_never_do_more_than_fail(decoder: Page) -> None:
    rng = random.Random(7)
    encoder = Encoder()
    screen = bytes(rng.randrange(256) for _ in range(64 * 64 * 4))
    good = encoder.delta(screen, 64, 64)
    assert good is not None
    for _ in range(60):
        broken = bytearray(good)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        found = decode(decoder, bytes(broken))
        assert found == {"error": "picture"} or found["width"] <= 16_384


def test_after_a_bomb_a_good_picture_is_decoded(decoder: Page) -> None:
    assert decode(decoder, zstd(EVIL["bomb"])) == {"error": "picture"}
    assert decode(decoder, zstd(picture(4, 4, [WHOLE], bytes(48))))["width"] == 4
