"""The Python twin of ext/_framediff.pyx: same names, same results, for machines without a compiler."""

TILE = 64

Buffer = bytes | bytearray | memoryview


def _check(size: int, width: int, height: int, stride: int) -> None:
    if width <= 0 or height <= 0 or stride < width * 4 or stride % 4:
        raise ValueError("a picture needs a positive size and a stride of whole pixels that holds a row")
    if size < stride * (height - 1) + width * 4:
        raise ValueError("buffer smaller than its picture")


def diff_tiles(new: Buffer, old: Buffer, width: int, height: int, stride: int, marks: bytearray) -> int:
    """Mark the 64x64 tiles in which two pictures differ; the number of them."""
    _check(len(new), width, height, stride)
    _check(len(old), width, height, stride)
    across, down = (width + TILE - 1) // TILE, (height + TILE - 1) // TILE
    if len(marks) < across * down:
        raise ValueError("fewer marks than tiles")
    marks[: across * down] = bytes(across * down)
    a, b = memoryview(new), memoryview(old)
    for y in range(height):
        start = y * stride
        if a[start : start + width * 4] == b[start : start + width * 4]:
            continue
        row = y // TILE * across
        for tile in range(across):
            left, right = start + tile * TILE * 4, start + min(width, (tile + 1) * TILE) * 4
            if not marks[row + tile] and a[left:right] != b[left:right]:
                marks[row + tile] = 1
    return sum(marks[: across * down])


def trim(
    new: Buffer, old: Buffer, stride: int, x: int, y: int, width: int, height: int
) -> tuple[int, int, int, int] | None:
    """The smallest rectangle that holds every changed pixel of a rectangle, or None when it is unchanged."""
    if x < 0 or y < 0:
        raise ValueError("rectangle outside its picture")
    _check(len(new), x + width, y + height, stride)
    _check(len(old), x + width, y + height, stride)
    if width <= 0 or height <= 0:
        raise ValueError("empty rectangle")
    a, b = memoryview(new), memoryview(old)
    top, bottom, left, right = -1, -1, width, -1
    for row in range(height):
        start = (y + row) * stride + x * 4
        one, two = a[start : start + width * 4], b[start : start + width * 4]
        if one == two:
            continue
        top, bottom = (row if top < 0 else top), row
        columns = [i for i in range(width) if one[i * 4 : i * 4 + 4] != two[i * 4 : i * 4 + 4]]
        left, right = min(left, columns[0]), max(right, columns[-1])
    return None if top < 0 else (x + left, y + top, right - left + 1, bottom - top + 1)


def paste(source: Buffer, target: bytearray | memoryview, stride: int, x: int, y: int, width: int, height: int) -> None:
    """Copy a picture of `width` * `height` without padding into a larger one at (x, y)."""
    if x < 0 or y < 0 or width <= 0 or height <= 0:
        raise ValueError("rectangle outside its picture")
    _check(len(source), width, height, width * 4)
    _check(len(target), x + width, y + height, stride)
    view = memoryview(source)
    for row in range(height):
        start = (y + row) * stride + x * 4
        target[start : start + width * 4] = view[row * width * 4 : (row + 1) * width * 4]


def copy_rectangle(
    source: Buffer, target: bytearray | memoryview, stride: int, x: int, y: int, width: int, height: int
) -> None:
    """Copy a rectangle between two pictures of one size."""
    if x < 0 or y < 0 or width <= 0 or height <= 0:
        raise ValueError("rectangle outside its picture")
    _check(len(source), x + width, y + height, stride)
    _check(len(target), x + width, y + height, stride)
    view = memoryview(source)
    for row in range(y, y + height):
        start = row * stride + x * 4
        target[start : start + width * 4] = view[start : start + width * 4]
