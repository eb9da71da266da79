"""The kernels against their twins and against what they promise, on every size, offset and stride hypothesis finds."""

import importlib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ext import _framediff_py, _frames_py, _predict_py

_framediff: Any = importlib.import_module("ext._framediff")
_frames: Any = importlib.import_module("ext._frames")
_predict: Any = importlib.import_module("ext._predict")
BOTH_DIFF = pytest.mark.parametrize("kernel", [_framediff, _framediff_py], ids=["compiled", "python"])
BOTH_PREDICT = pytest.mark.parametrize("kernel", [_predict, _predict_py], ids=["compiled", "python"])


@dataclass
class Picture:
    """Pixels with a stride of their own."""

    width: int
    height: int
    stride: int
    data: bytearray


@st.composite
def pictures(draw: st.DrawFn, most: int = 90) -> Picture:
    width, height = draw(st.integers(1, most)), draw(st.integers(1, most))
    stride = (width + draw(st.integers(0, 3))) * 4
    noise = draw(st.binary(min_size=1, max_size=64))
    size = stride * height
    return Picture(width, height, stride, bytearray((noise * (size // len(noise) + 1))[:size]))


@st.composite
def changed_pictures(draw: st.DrawFn) -> tuple[Picture, bytearray, set[tuple[int, int]]]:
    """A picture, a changed copy, and the changed pixels."""
    picture = draw(pictures())
    new, spots = bytearray(picture.data), set()
    places = st.tuples(st.integers(0, picture.width - 1), st.integers(0, picture.height - 1))
    for x, y in draw(st.lists(places, max_size=6)):
        at = y * picture.stride + x * 4
        new[at] = picture.data[at] ^ 0xFF
        spots.add((x, y))
    return picture, new, spots


@given(case=changed_pictures())
def test_diff_marks_exactly_the_changed_tiles(case: tuple[Picture, bytearray, set[tuple[int, int]]]) -> None:
    picture, new, spots = case
    across = -(-picture.width // 64)
    expected = {x // 64 + y // 64 * across for x, y in spots}
    for kernel in (_framediff, _framediff_py):
        marks = bytearray(b"\7" * (across * -(-picture.height // 64)))
        count = kernel.diff_tiles(new, picture.data, picture.width, picture.height, picture.stride, marks)
        assert count == len(expected)
        assert {n for n, mark in enumerate(marks) if mark} == expected


@given(case=changed_pictures())
def test_trim_is_the_smallest_box(case: tuple[Picture, bytearray, set[tuple[int, int]]]) -> None:
    picture, new, spots = case
    for kernel in (_framediff, _framediff_py):
        box = kernel.trim(new, picture.data, picture.stride, 0, 0, picture.width, picture.height)
        if not spots:
            assert box is None
            continue
        xs, ys = [x for x, _ in spots], [y for _, y in spots]
        assert box == (min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)


@st.composite
def rectangles(draw: st.DrawFn) -> tuple[Picture, tuple[int, int, int, int]]:
    picture = draw(pictures(40))
    x, y = draw(st.integers(0, picture.width - 1)), draw(st.integers(0, picture.height - 1))
    return picture, (x, y, draw(st.integers(1, picture.width - x)), draw(st.integers(1, picture.height - y)))


@given(case=rectangles(), offset=st.integers(0, 5))
def test_prediction_is_lossless_and_the_same_in_both(
    case: tuple[Picture, tuple[int, int, int, int]], offset: int
) -> None:
    picture, (x, y, width, height) = case
    size = 3 * width * height
    residuals = []
    for kernel in (_predict, _predict_py):
        planes = bytearray(offset + size)
        kernel.forward(picture.data, picture.stride, x, y, width, height, planes, offset)
        residuals.append(bytes(planes))
        target = bytearray(len(picture.data))
        kernel.inverse(planes, offset, target, picture.stride, x, y, width, height)
        for row in range(y, y + height):
            for column in range(x, x + width):
                at = row * picture.stride + column * 4
                assert target[at : at + 3] == picture.data[at : at + 3]
                assert target[at + 3] == 255
    assert residuals[0] == residuals[1]


@BOTH_DIFF
def test_paste_touches_its_rectangle_only(kernel: Any) -> None:
    source, target = bytearray(range(1, 25)), bytearray(96)
    kernel.paste(source, target, 24, 2, 1, 3, 2)
    for at in range(96):
        y, x = divmod(at, 24)
        inside = 1 <= y <= 2 and 8 <= x < 20
        assert target[at] == (source[(y - 1) * 12 + x - 8] if inside else 0)
    for place in ((4, 0, 3, 2), (0, 3, 3, 2), (-1, 0, 3, 2), (0, 0, 3, 3)):
        with pytest.raises(ValueError, match=r"."):
            kernel.paste(source, target, 24, *place)


@BOTH_DIFF
def test_copy_touches_its_rectangle_only(kernel: Any) -> None:
    source, target = bytearray(range(1, 97)), bytearray(96)
    kernel.copy_rectangle(source, target, 24, 2, 1, 3, 2)
    for at in range(96):
        inside = 1 <= at // 24 <= 2 and 8 <= at % 24 < 20
        assert target[at] == (source[at] if inside else 0)


@BOTH_DIFF
@pytest.mark.parametrize(
    ("width", "height", "stride", "size", "marks"),
    [
        (0, 1, 4, 4, 1),
        (1, 0, 4, 4, 1),
        (2, 2, 4, 64, 1),
        (2, 2, 8, 15, 1),
        (65, 1, 260, 260, 1),
        (1, 1, 5, 64, 1),
        (-1, 1, 4, 64, 1),
    ],
)
def test_diff_refuses_sizes_that_do_not_fit(
    kernel: Any, width: int, height: int, stride: int, size: int, marks: int
) -> None:
    with pytest.raises(ValueError, match=r"."):
        kernel.diff_tiles(bytearray(size), bytearray(size), width, height, stride, bytearray(marks))


@BOTH_PREDICT
@pytest.mark.parametrize(
    ("place", "planes", "offset"),
    [
        ((0, 0, 3, 2), 18, 0),
        ((0, 0, 2, 3), 18, 0),
        ((-1, 0, 1, 1), 3, 0),
        ((0, 0, 2, 2), 11, 0),
        ((0, 0, 2, 2), 12, 1),
        ((0, 0, 0, 1), 9, 0),
        ((0, 0, 1, 1), 9, -1),
    ],
)
def test_prediction_refuses_places_outside(
    kernel: Any, place: tuple[int, int, int, int], planes: int, offset: int
) -> None:
    picture = bytearray(2 * 2 * 4)
    with pytest.raises(ValueError, match=r"."):
        kernel.forward(picture, 8, *place, bytearray(planes), offset)
    with pytest.raises(ValueError, match=r"."):
        kernel.inverse(bytearray(planes), offset, picture, 8, *place)


# Frames


@given(st.binary(max_size=40), st.binary(min_size=4, max_size=4), st.data())
def test_unmasking_is_a_mask_over_bytes(data: bytes, mask: bytes, draws: st.DataObject) -> None:
    start = draws.draw(st.integers(0, len(data)))
    end = draws.draw(st.integers(start, len(data)))
    expected = bytes(byte ^ mask[(at - start) % 4] if start <= at < end else byte for at, byte in enumerate(data))
    for kernel in (_frames, _frames_py):
        buffer = bytearray(data)
        kernel.unmask(buffer, start, end, mask)
        assert buffer == expected


@given(st.binary(max_size=16), st.data())
def test_heads_of_frames_agree(data: bytes, draws: st.DataObject) -> None:
    start = draws.draw(st.integers(0, len(data)))
    assert _frames.head(data, start, len(data)) == _frames_py.head(data, start, len(data))


@given(st.one_of(st.integers(0, 200), st.integers(65_000, 66_000), st.integers(0, 1 << 40)))
def test_a_head_that_was_put_is_read(size: int) -> None:
    head = _frames.put_head(size)
    assert head == _frames_py.put_head(size)
    assert _frames.head(head, 0, len(head)) == (len(head), size, b"")


@given(st.lists(st.binary(max_size=12), max_size=4), st.binary(max_size=3), st.integers(0, 8), st.integers(0, 12))
def test_counting_messages_agrees(messages: list[bytes], more: bytes, least: int, most: int) -> None:
    frame = b"".join(len(message).to_bytes(4, "big") + message for message in messages) + more
    counted = _frames.count(frame, least, most)
    assert counted == _frames_py.count(frame, least, most)
    good = messages and not more and all(least <= len(message) <= most for message in messages)
    assert (counted == len(messages)) if good else counted < 0


@pytest.mark.parametrize("kernel", [_frames, _frames_py], ids=["compiled", "python"])
def test_frames_outside_their_buffer_are_refused(kernel: Any) -> None:
    for start, end in ((-1, 2), (2, 1), (0, 5)):
        with pytest.raises(ValueError, match="outside"):
            kernel.unmask(bytearray(4), start, end, bytes(4))
        with pytest.raises(ValueError, match="outside"):
            kernel.head(bytes(4), start, end)
    with pytest.raises(ValueError, match="four"):
        kernel.unmask(bytearray(4), 0, 4, b"abc")
    with pytest.raises(ValueError, match="negative"):
        kernel.put_head(-1)
