"""Somebody who took the server: reads every file of its data directory and every byte of its processes' memory."""

import base64
import codecs
import json
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

TEXT_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")
WORD_BYTES: Final = 8
SHORTEST: Final = 2 * WORD_BYTES - 1
"""Bytes: what is so long has a whole word of memory inside, wherever it begins. Shorter things are found by chance."""


def base64_forms(data: bytes) -> Iterator[bytes]:
    """What of `data` stands in any base64 that contains it: at each of the three places it can begin in a group of three,
    without the characters that its neighbours share, in both alphabets."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data)
        end = (before + len(data)) * 8 // 6
        for form in (whole, whole.translate(bytes.maketrans(b"+/", b"-_"))):
            yield form[-(-before * 8 // 6) : end]


def byte_forms(data: bytes) -> frozenset[bytes]:
    """The bytes themselves, in hexadecimal and in base64."""
    text = data.hex()
    return frozenset({data, text.encode(), text.upper().encode(), *base64_forms(data)})


def text_forms(text: str) -> frozenset[bytes]:
    """A text in every encoding that a program might hold it in, and those in hexadecimal and base64."""
    encoded = {text.encode(encoding) for encoding in TEXT_ENCODINGS} | {json.dumps(text)[1:-1].encode()}
    return frozenset(form for data in encoded for form in byte_forms(data.removeprefix(codecs.BOM_UTF8)))


Wanted = Mapping[str, frozenset[bytes]]
"""What is searched for: a name, and every form that it might have."""


def wanted(*, keys: Iterable[tuple[str, bytes]] = (), texts: Iterable[tuple[str, str]] = ()) -> Wanted:
    """Names to forms; several secrets of one name are told apart by number."""
    found: dict[str, frozenset[bytes]] = {}
    for number, (name, data) in enumerate(keys):
        found[f"{name} ({number})"] = byte_forms(data)
    return found | {name: text_forms(text) for name, text in texts}


def search(pieces: Iterable[bytes], what: Wanted) -> set[str]:
    """The names of what any piece holds in any form. One pass over the words of a piece tells whether it needs a closer look."""
    within: dict[int, set[tuple[str, bytes]]] = {}
    for name, form in ((name, form) for name, forms in what.items() for form in forms):
        if len(form) < SHORTEST:
            raise ValueError(f"{name} is too short to be searched for")
        for at in range(WORD_BYTES):
            word = int.from_bytes(form[at : at + WORD_BYTES], sys.byteorder)
            within.setdefault(word, set()).add((name, form))
    found: set[str] = set()
    for piece in pieces:
        words = memoryview(piece)[: len(piece) // WORD_BYTES * WORD_BYTES].cast("Q")
        if not within.keys().isdisjoint(words):
            likely = set().union(*(within[word] for word in within.keys() & words))
            found |= {name for name, form in likely if form in piece}
    return found


def files(*places: Path) -> dict[Path, bytes]:
    """Every file of some places (folders with all that is in them), as it is now."""
    all_of = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
    return {path: path.read_bytes() for path in all_of if path.is_file()}


def memory(pid: int) -> list[bytes]:
    """The writable memory of a process of ours, region by region; what was never written is left out."""
    regions = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as content:
        for line in maps:
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if span is None:
                continue
            start, end = (int(part, 16) for part in span.groups())
            try:
                regions.append(os.pread(content.fileno(), end - start, start))
            except (OSError, OverflowError):
                continue  # a device's memory
    return [region for region in regions if region.strip(b"\0")]


@contextmanager
def frozen(processes: Iterable[psutil.Process]) -> Iterator[None]:
    """All of them stand still at one moment."""
    stopped = list(processes)
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]
