"""Wycheproof vectors on the primitives as the browser's implementation calls them (tests/vectors/wycheproof/README.md)."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

NOT_IN_THE_BROWSER = {"mlkem_768_encaps", "ecdsa_secp256r1_sha256_p1363"}
"""A viewer only decapsulates, and leaves tokens to the relay, the api and the host."""
VECTORS = Path(__file__).resolve().parents[2] / "vectors/wycheproof"
FILES = ["x25519", "ed25519", "hkdf_sha256", "hmac_sha256", "aes_gcm", "mlkem_768"]

pytestmark = pytest.mark.browser


def test_every_file_is_used(blank: Page) -> None:
    known = blank.evaluate("async () => (await import('/js/wycheproof.js')).known")
    assert sorted(known) == sorted(FILES)
    assert {path.stem for path in VECTORS.glob("*.json")} == set(FILES) | NOT_IN_THE_BROWSER


@pytest.mark.parametrize("file", FILES)
def test_wycheproof(blank: Page, file: str) -> None:
    found = blank.evaluate("async (file) => (await import('/js/wycheproof.js')).run(file)", file)
    assert found["wrong"] == []
    assert found["count"] > 20
