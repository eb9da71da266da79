"""ML-KEM-768 (FIPS 203), the post-quantum half of suite 2, where the installed OpenSSL or AWS-LC has it."""

from functools import cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

from wire.errors import HandshakeError

SEED_BYTES: Final = 64
KEY_BYTES: Final = 1_184
CIPHERTEXT_BYTES: Final = 1_088


@cache
def available() -> bool:
    """Whether this machine's cryptography library can do it."""
    try:
        MLKEM768PrivateKey.from_seed_bytes(bytes(SEED_BYTES))
    except UnsupportedAlgorithm:
        return False
    return True


class KemKey:
    """A decapsulation key made from 64 random bytes, used for one attempt."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        self._private = MLKEM768PrivateKey.from_seed_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def open(self, ciphertext: bytes) -> bytes:
        """The shared secret of 32 bytes. A changed ciphertext gives another secret, not an error (FIPS 203 6.3)."""
        try:
            return self._private.decapsulate(ciphertext)
        except ValueError as error:
            raise HandshakeError("the other side's answer is not usable") from error


def encapsulate(public: bytes) -> tuple[bytes, bytes]:
    """`(shared secret, ciphertext)` for a key of `KEY_BYTES`; `HandshakeError` when it is no key."""
    try:
        return MLKEM768PublicKey.from_public_bytes(public).encapsulate()
    except ValueError as error:
        raise HandshakeError("the other side's key is not usable") from error
