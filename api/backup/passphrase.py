"""age files that a passphrase opens, as a stream (https://c2sp.org/age, sections "scrypt recipient" and "payload").

`pyrage` does everything else, but takes passphrases for whole byte strings only, and a database does not fit into memory. So this
one kind of recipient is written here after the specification; `age --passphrase` and `pyrage.passphrase` read what it writes
and write what it reads, which the tests hold.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from api.backup.failures import BackupFailed

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
FILE_KEY_BYTES = 16
PAYLOAD_NONCE_BYTES = 16
WORK_FACTOR = 18
"""2^18 rounds: 256 MiB and about a second for each guess."""
MAX_WORK_FACTOR = 20
"""A file is not believed that asks for more: 1 GiB of memory."""
MAX_HEADER_BYTES = 1024

_SALT_LABEL = b"age-encryption.org/v1/scrypt"
_NO_NONCE = bytes(12)
_INTRODUCTION = b"age-encryption.org/v1\n"
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n--- ([A-Za-z0-9+/]{43})\n"
)
DAMAGED = "the file is damaged: what it holds is not what was written; take another copy or an older backup"


def encrypt(plain: BinaryIO, sealed: BinaryIO, passphrase: str) -> None:
    """All of `plain`, to `sealed`; flat in memory."""
    file_key, salt = os.urandom(FILE_KEY_BYTES), os.urandom(16)
    wrapped = ChaCha20Poly1305(_wrapping(passphrase, salt, WORK_FACTOR)).encrypt(_NO_NONCE, file_key, None)
    header = _INTRODUCTION + b"-> scrypt %s %d\n%s\n---" % (_text(salt), WORK_FACTOR, _text(wrapped))
    nonce = os.urandom(PAYLOAD_NONCE_BYTES)
    sealed.write(header + b" " + _text(_mac(file_key, header)) + b"\n" + nonce)
    key = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    for number, (chunk, last) in enumerate(_chunks(plain, CHUNK_BYTES)):
        piece = key.encrypt(_nonce(number, last), chunk, None)
        sealed.write(piece)


def decrypt(sealed: BinaryIO, plain: BinaryIO, passphrase: str) -> None:
    """What `encrypt` was given. BackupFailed when the passphrase is wrong or anything was changed or cut off."""
    file_key = _open_header(sealed, passphrase)
    nonce = sealed.read(PAYLOAD_NONCE_BYTES)
    if len(nonce) != PAYLOAD_NONCE_BYTES:
        raise BackupFailed(DAMAGED)
    key = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    for number, (chunk, last) in enumerate(_chunks(sealed, CHUNK_BYTES + TAG_BYTES)):
        try:
            plain.write(key.decrypt(_nonce(number, last), chunk, None))
        except InvalidTag as error:
            raise BackupFailed(DAMAGED) from error


def is_passphrase_file(start: bytes) -> bool:
    """Whether a file that begins so is opened by a passphrase."""
    return start.startswith(_INTRODUCTION + b"-> scrypt ")


def _open_header(sealed: BinaryIO, passphrase: str) -> bytes:
    """The file's key; the position is then behind the header."""
    lines = b"".join(sealed.readline(MAX_HEADER_BYTES) for _ in range(4))
    found = _HEADER.fullmatch(lines)
    if found is None:
        raise BackupFailed(DAMAGED)
    salt, wrapped, mac = (_bytes(found[number]) for number in (1, 3, 4))
    factor = int(found[2])
    if factor > MAX_WORK_FACTOR:
        raise BackupFailed(
            f"the file asks for 2^{factor} rounds of scrypt, which no backup of Tasuki does; open it with age"
        )
    try:
        file_key = ChaCha20Poly1305(_wrapping(passphrase, salt, factor)).decrypt(_NO_NONCE, wrapped, None)
    except InvalidTag as error:
        raise BackupFailed("the passphrase is not the one that this file was made with") from error
    if not hmac.compare_digest(_mac(file_key, lines[: lines.index(b"\n---") + 4]), mac):
        raise BackupFailed(DAMAGED)
    return file_key


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of `size` bytes, the last of which may be shorter and is marked."""
    chunk = _exactly(source, size)
    while True:
        following = _exactly(source, size) if len(chunk) == size else b""
        yield chunk, not following
        if not following:
            return
        chunk = following


def _exactly(source: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end: a pipe gives what it has."""
    parts, left = [], size
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _wrapping(passphrase: str, salt: bytes, factor: int) -> bytes:
    return Scrypt(salt=_SALT_LABEL + salt, length=32, n=1 << factor, r=8, p=1).derive(passphrase.encode())


def _derive(file_key: bytes, salt: bytes | None, label: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, label).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derive(file_key, None, b"header"), header, "sha256")


def _text(value: bytes) -> bytes:
    return base64.b64encode(value).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    """Canonical base64 without padding; BackupFailed otherwise."""
    try:
        value = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise BackupFailed(DAMAGED) from error
    if _text(value) != text:
        raise BackupFailed(DAMAGED)
    return value
