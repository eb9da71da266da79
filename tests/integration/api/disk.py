"""What a thief of the disk has: every byte of some files, searched for values in every usual encoding."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote


def encodings(value: str) -> Iterator[bytes]:
    """How a value may lie there. Of base64 the middle, which does not depend on what stands before and after it."""
    plain = value.encode()
    yield plain
    yield value.encode("utf-16-le")
    yield value.encode("utf-16-be")
    yield json.dumps(value).strip('"').encode()
    yield quote(value).encode()
    yield from (plain.hex().encode(), plain.hex().upper().encode())
    for shift in range(3):
        for coded in (base64.b64encode(bytes(shift) + plain), base64.urlsafe_b64encode(bytes(shift) + plain)):
            start = -(-shift * 4 // 3)
            yield coded[start + 1 : len(coded) - 4]


def found(paths: Iterable[Path], values: Iterable[str]) -> set[tuple[str, str]]:
    """Which value is in which file."""
    hits = set()
    for path in paths:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data += gzip.decompress(data)
        lower = data.lower()
        for value in values:
            for form in encodings(value):
                if len(form) >= 6 and (form in data or form.lower() in lower):
                    hits.add((path.name, value))
    return hits
