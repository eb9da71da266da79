"""An end that confides every secret it makes: what an attacker of the server would have to find, known to the test.

Each hook stands where a secret first exists: private keys, shared secrets, what HKDF takes and gives. In a process of its own
(`variables`) the confidences go to a file; in the test's own process to a list.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import handshake, kem, keys, proof

FILE_SETTING: Final = "TEST_CONFIDE_TO"
ROOT: Final = Path(__file__).parents[2]
START: Final = f"import os; from {__name__} import confide_to; confide_to(os.environ['{FILE_SETTING}'])\n"
HASH_BYTES: Final = 32

Secret = tuple[str, bytes]
Tell = Callable[[str, bytes], None]


def _hooks(tell: Tell) -> list[Any]:
    """Patches that leave everything as it is but for the telling."""
    private, expand, extract = handshake._private, keys.hkdf_expand, keys.extract
    kem_key, signer = kem.KemKey.__init__, proof.Signer.__init__

    def telling_private(entropy: Callable[[int], bytes]) -> X25519PrivateKey:
        made = private(entropy)
        tell("x25519 private key", made.private_bytes_raw())
        return made

    def telling_expand(secret: bytes, info: bytes, size: int) -> bytes:
        label = info.removeprefix(keys.PREFIX).partition(b"\0")[0].decode()
        made = expand(secret, info, size)
        if label == "key":
            tell("pairwise or epoch secret", secret)
        if label != "salt":
            tell(f"expanded: {label}", made)
        return made

    def telling_extract(salt: bytes, material: bytes) -> bytes:
        made = extract(salt, material)
        shared = material[:-HASH_BYTES]  # the transcript's hash, which is no secret, is at its end
        for at in range(0, len(shared), HASH_BYTES):
            tell("shared secret", shared[at : at + HASH_BYTES])
        if salt != keys.salt_for(keys.METHOD_DIGITS, b""):
            tell("salt of link or resume", salt)
        tell("prk", made)
        return made

    def telling_kem(self: kem.KemKey, seed: bytes) -> None:
        tell("ml-kem seed", seed)
        kem_key(self, seed)

    def telling_signer(self: proof.Signer, seed: bytes) -> None:
        tell("ed25519 seed", seed)
        signer(self, seed)

    return [
        patch.object(handshake, "_private", telling_private),
        patch.object(keys, "hkdf_expand", telling_expand),
        patch.object(keys, "extract", telling_extract),
        patch.object(kem.KemKey, "__init__", telling_kem),
        patch.object(proof.Signer, "__init__", telling_signer),
    ]


@contextmanager
def confiding() -> Iterator[list[Secret]]:
    """In this process."""
    told: list[Secret] = []
    hooks = _hooks(lambda name, secret: told.append((name, secret)))
    for hook in hooks:
        hook.start()
    try:
        yield told
    finally:
        for hook in hooks:
            hook.stop()


def confide_to(path: str) -> None:
    """From now on, in this process; each line `name secret`, the secret in hexadecimal backwards, so that this file is not
    what a search for it finds."""
    file = Path(path).open("a", buffering=1)  # noqa: SIM115 - for as long as the process lives
    for hook in _hooks(lambda name, secret: print(name, secret.hex()[::-1], sep="\t", file=file)):
        hook.start()


def variables(folder: Path, file: Path) -> dict[str, str]:
    """What makes every Python process started with these confide to `file`; `folder` is for the hook."""
    (folder / "sitecustomize.py").write_text(START)
    return {FILE_SETTING: str(file), "PYTHONPATH": ":".join([str(folder), str(ROOT), *filter(None, sys.path)])}


def told(file: Path) -> list[Secret]:
    """What was confided to a file so far."""
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    return [(name, bytes.fromhex(secret[::-1])) for name, secret in lines]
