"""Known-leaked passwords, looked up without asking anybody: in the lists that zxcvbn brings, and in a file of hashes.

The file is what Pwned Passwords gives out (https://haveibeenpwned.com/Passwords): either one text of `SHA-1:count` lines
sorted by hash, tens of gigabytes, which is searched by halves on the disk; or a folder of ranges (`21BD1.txt`, each with
lines of the remaining 35 digits), of which one file is read. Only hashes of leaked passwords are in it.
"""

import hashlib
import os
import re
from functools import cache
from pathlib import Path
from typing import BinaryIO

from zxcvbn.frequency_lists import FREQUENCY_LISTS

PREFIX_DIGITS = 5
MAX_RANGE_BYTES = 1 << 20
"""Of one file of a folder of ranges; real ones have about 35 KB."""
MAX_LINE_BYTES = 80
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?")
_RANGE_LINE = re.compile(rb"[0-9A-Fa-f]{35}(:[0-9]+)?")
_RANGE_NAME = re.compile(r"[0-9A-Fa-f]{5}\.txt")


class LeakedListError(Exception):
    """The file of leaked passwords cannot be used; the text says why."""


class LeakedPasswords:
    """Whether a password is on a list. Reading the disk blocks for a few milliseconds: call it in a thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            _check(path)

    def contains(self, password: str) -> bool:
        """`password` as it would be hashed: normalised, whole."""
        if password.casefold() in _common():
            return True
        if self._path is None:
            return False
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        return _in_folder(self._path, wanted) if self._path.is_dir() else _in_file(self._path, wanted)


@cache
def _common() -> frozenset[str]:
    """The 30,000 most frequent leaked passwords, in lower case."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def _in_folder(folder: Path, wanted: bytes) -> bool:
    try:
        with (folder / f"{wanted[:PREFIX_DIGITS].decode()}.txt").open("rb") as file:
            lines = file.read(MAX_RANGE_BYTES).upper().split()
    except FileNotFoundError:
        return False
    return any(line.partition(b":")[0] == wanted[PREFIX_DIGITS:] for line in lines)


def _in_file(path: Path, wanted: bytes) -> bool:
    """Halve the range of bytes in which the line must begin until nothing is left; lines differ in length."""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            start, line = _line_from(file, middle)
            found = line[:40].upper()
            if found == wanted:
                return True
            if line and found < wanted:
                low = start + len(line)
            else:
                high = middle
    return False


def _line_from(file: BinaryIO, offset: int) -> tuple[int, bytes]:
    """The first whole line that begins at `offset` or after it, and where it begins; empty at the end of the file."""
    if offset:
        file.seek(offset - 1)
        offset += len(file.readline(MAX_LINE_BYTES)) - 1
    file.seek(offset)
    return offset, file.readline(MAX_LINE_BYTES)


def _check(path: Path) -> None:
    """Look at the beginning and at the end: a file of another kind is noticed at the start, not by never finding."""
    if path.is_dir():
        sample = next((file for file in path.iterdir() if _RANGE_NAME.fullmatch(file.name)), None)
        if sample is None:
            raise LeakedListError(
                f"the folder {path} has no file such as 21BD1.txt; is it a download of Pwned Passwords?"
            )
        with sample.open("rb") as file:
            if not _RANGE_LINE.fullmatch(file.readline(MAX_LINE_BYTES).lstrip(b"\xef\xbb\xbf").strip()):
                raise LeakedListError(f"{sample} has no line of 35 digits, a colon and a count")
        return
    with path.open("rb") as file:
        first = file.readline(MAX_LINE_BYTES).strip()
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - MAX_LINE_BYTES, 0))
        last = file.read().split()[-1:]
    if not _LINE.fullmatch(first) or not _LINE.fullmatch(b"".join(last)):
        raise LeakedListError(f"{path} has no lines of 40 digits (SHA-1), a colon and a count")
    if first[:40].upper() > last[0][:40].upper():
        raise LeakedListError(f"{path} is not sorted by hash; take the list that is ordered by hash")
