"""Wycheproof vectors on the primitives as `wire` calls them (tests/vectors/wycheproof/README.md)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support import mlkem
from wire import handshake, kem, keys, tokens
from wire.errors import WireError

FOLDER = Path(__file__).parents[2] / "vectors/wycheproof"
Vector = dict[str, Any]


def _x25519(vector: Vector) -> None:
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private"]))
    assert handshake._exchange(private, bytes.fromhex(vector["public"])).hex() == vector["shared"]


def _ed25519(vector: Vector) -> None:
    key, signature, message = (bytes.fromhex(vector[name]) for name in ("key", "sig", "msg"))
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def _hkdf(vector: Vector) -> None:
    prk = keys.extract(bytes.fromhex(vector["salt"]), bytes.fromhex(vector["ikm"]))
    assert keys.hkdf_expand(prk, bytes.fromhex(vector["info"]), vector["size"]).hex() == vector["okm"]


def _hmac(vector: Vector) -> None:
    given = bytes.fromhex(vector["tag"])
    handshake._check(given, keys.mac(bytes.fromhex(vector["key"]), bytes.fromhex(vector["msg"])), "the tag")


def _aes_gcm(vector: Vector) -> None:
    key, iv, aad, ct, tag, msg = (bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "ct", "tag", "msg"))
    assert AESGCM(key).decrypt(iv, ct + tag, aad) == msg
    assert AESGCM(key).encrypt(iv, msg, aad) == ct + tag


def _mlkem(vector: Vector) -> None:
    secret = kem.KemKey(bytes.fromhex(vector["seed"])).open(bytes.fromhex(vector["c"]))
    assert secret.hex() == vector["K"]


def _mlkem_encaps(vector: Vector) -> None:
    """The library draws its randomness by itself, so it is only asked whether it takes the key; ours makes the answer."""
    public = bytes.fromhex(vector["ek"])
    kem.encapsulate(public)
    secret, ciphertext = mlkem.encapsulate(public, bytes.fromhex(vector["m"]))
    assert (secret.hex(), ciphertext.hex()) == (vector["K"], vector["c"])


def _es256(vector: Vector) -> None:
    if not tokens._public_key(vector["key"]).verify(bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])):
        raise InvalidSignature


RUN: dict[str, Callable[[Vector], None]] = {
    "x25519": _x25519,
    "ed25519": _ed25519,
    "hkdf_sha256": _hkdf,
    "hmac_sha256": _hmac,
    "aes_gcm": _aes_gcm,
    "mlkem_768": _mlkem,
    "mlkem_768_encaps": _mlkem_encaps,
    "ecdsa_secp256r1_sha256_p1363": _es256,
}
REFUSALS = (WireError, InvalidTag, InvalidSignature, ValueError)
ZERO_SHARED = "00" * 32


def must_be_taken(vector: Vector) -> bool:
    """`acceptable` (odd but defined X25519 keys) must work, but an all-zero result is refused (RFC 7748 6.1)."""
    return vector["result"] != "invalid" and vector.get("shared") != ZERO_SHARED


def test_every_file_is_used() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RUN)


@pytest.mark.parametrize("name", RUN)
def test_wycheproof(name: str) -> None:
    wrong, count = [], 0
    for vector in json.loads((FOLDER / f"{name}.json").read_text())["tests"]:
        count += 1
        try:
            RUN[name](vector)
        except REFUSALS as error:
            if must_be_taken(vector):
                wrong.append((vector["tcId"], repr(error)))
        except AssertionError:
            wrong.append((vector["tcId"], "another result"))
        else:
            if not must_be_taken(vector):
                wrong.append((vector["tcId"], "taken"))
    assert wrong == []
    assert count > 20
