"""The Python twin of ext/_predict.pyx: same names, same results, for machines without a compiler."""

Buffer = bytes | bytearray | memoryview
MAX_WIDTH = 16_384


def _check(size: int, stride: int, x: int, y: int, width: int, height: int) -> None:
    if x < 0 or y < 0 or width <= 0 or height <= 0 or width > MAX_WIDTH:
        raise ValueError("rectangle outside its picture")
    if stride < (x + width) * 4 or size < stride * (y + height - 1) + (x + width) * 4:
        raise ValueError("rectangle outside its picture")


def _predicted(left: int, up: int, corner: int) -> int:
    low, high = (left, up) if left < up else (up, left)
    return left + up - max(min(corner, high), low)


def _residual(rows: list[bytes]) -> bytes:
    out = bytearray()
    for y, row in enumerate(rows):
        if not y:
            out += bytes((now - before) & 255 for before, now in zip(b"\0" + row, row, strict=False))
            continue
        above = rows[y - 1]
        out.append((row[0] - above[0]) & 255)
        out += bytes((row[x] - _predicted(row[x - 1], above[x], above[x - 1])) & 255 for x in range(1, len(row)))
    return bytes(out)


def forward(
    source: Buffer, stride: int, x: int, y: int, width: int, height: int, planes: bytearray | memoryview, offset: int
) -> None:
    """Write the residual planes (3 * width * height bytes) of a BGRX rectangle to `planes` at `offset`."""
    _check(len(source), stride, x, y, width, height)
    if offset < 0 or len(planes) - offset < 3 * width * height:
        raise ValueError("planes do not fit")
    rows = [bytes(source[r * stride + x * 4 : r * stride + (x + width) * 4]) for r in range(y, y + height)]
    greens = [row[1::4] for row in rows]
    for plane, channel in enumerate((0, 1, 2)):
        values = greens
        if channel != 1:
            pairs = zip(rows, greens, strict=True)
            values = [bytes((a - g) & 255 for a, g in zip(row[channel::4], green, strict=True)) for row, green in pairs]
        start = offset + plane * width * height
        planes[start : start + width * height] = _residual(values)


def _restore(plane: bytearray, width: int, height: int) -> None:
    for x in range(1, width):
        plane[x] = (plane[x] + plane[x - 1]) & 255
    for at in range(width, width * height, width):
        plane[at] = (plane[at] + plane[at - width]) & 255
        for i in range(at + 1, at + width):
            plane[i] = (plane[i] + _predicted(plane[i - 1], plane[i - width], plane[i - width - 1])) & 255


def inverse(
    planes: bytearray | memoryview,
    offset: int,
    target: bytearray | memoryview,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
) -> None:
    """Restore a BGRX rectangle (X = 255) from its residual planes; `planes` is overwritten while it is undone."""
    _check(len(target), stride, x, y, width, height)
    if offset < 0 or len(planes) - offset < 3 * width * height:
        raise ValueError("planes do not fit")
    size = width * height
    blue, green, red = (bytearray(planes[offset + k * size : offset + (k + 1) * size]) for k in range(3))
    for k, plane in enumerate((blue, green, red)):
        _restore(plane, width, height)
        planes[offset + k * size : offset + (k + 1) * size] = plane
    for row in range(height):
        span = slice(row * width, (row + 1) * width)
        pixels = bytearray(b"\xff" * (width * 4))
        pixels[0::4] = bytes((b + g) & 255 for b, g in zip(blue[span], green[span], strict=True))
        pixels[1::4] = green[span]
        pixels[2::4] = bytes((r + g) & 255 for r, g in zip(red[span], green[span], strict=True))
        start = (y + row) * stride + x * 4
        target[start : start + width * 4] = pixels
