"""Files of the age format: what we write others read, what they write we read, and nothing else is taken for good."""

import base64
import io
import os
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.backup import age, passphrase
from api.backup.failures import BackupFailed

WORDS = "plum harbour sixty lantern"
MADE_BY_AGE = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB5ci84cVF6THBpSkNiV0Nta1g2dGZ3IDE4Cks3Q21HNHhRT2FhRDdtRm5oYVRndmdBQmFKVzBo"
    "czBhYU5nRFVPKzlzZkEKLS0tIGlUYUlYT0M1VnhGUEJFZUR0NmNYZVdqMUdueUVnYUtWZzRHdkYya0ExS00K/Et7YVr/wYhmnGNLdZK87mgVSon0zcMa"
    "c++a24qxavXF69QscbFrppbKV6JKOA=="
)
"""By `age --passphrase` 1.1.1 of Debian."""
SIZES = [
    0,
    1,
    passphrase.CHUNK_BYTES - 1,
    passphrase.CHUNK_BYTES,
    passphrase.CHUNK_BYTES + 1,
    3 * passphrase.CHUNK_BYTES,
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen rounds of scrypt instead of a second's worth."""
    monkeypatch.setattr(passphrase, "WORK_FACTOR", 4)


def closed(plain: bytes, lock: age.Lock) -> bytes:
    sealed = io.BytesIO()
    lock.encrypt(io.BytesIO(plain), sealed)
    return sealed.getvalue()


def opened(sealed: bytes, key: age.Key) -> bytes:
    plain = io.BytesIO()
    key.decrypt(io.BytesIO(sealed), plain)
    return plain.getvalue()


@pytest.fixture
def pair() -> tuple[age.Recipients, age.Identities]:
    secret, public = age.new_identity()
    return age.recipients([public]), age.Identities([pyrage.x25519.Identity.from_str(secret)])


@pytest.mark.parametrize("size", SIZES)
def test_a_passphrase_file_is_one_of_age(size: int) -> None:
    plain = os.urandom(size)
    sealed = closed(plain, age.Passphrase(WORDS))
    assert pyrage.passphrase.decrypt(sealed, WORDS) == plain
    assert opened(sealed, age.Passphrase(WORDS)) == plain


def test_a_passphrase_file_of_age_is_opened() -> None:
    assert opened(MADE_BY_AGE, age.Passphrase(WORDS)) == b"made elsewhere"


@pytest.mark.parametrize("size", SIZES)
def test_recipients(size: int, pair: tuple[age.Recipients, age.Identities]) -> None:
    plain = os.urandom(size)
    sealed = closed(plain, pair[0])
    assert pyrage.decrypt(sealed, pair[1].keys) == plain
    assert opened(sealed, pair[1]) == plain


@given(st.data())
@settings(max_examples=60)
def test_a_changed_moved_or_cut_file_is_refused_tamper(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "WORK_FACTOR", 4)
        sealed = closed(bytes(range(256)) * 600, age.Passphrase(WORDS))
    at = data.draw(st.integers(0, len(sealed) - 1))
    what = data.draw(st.sampled_from(["flip", "cut", "repeat"]))
    if what == "flip":
        changed = sealed[:at] + bytes([sealed[at] ^ (1 << data.draw(st.integers(0, 7)))]) + sealed[at + 1 :]
    else:
        changed = sealed[:at] if what == "cut" else sealed + sealed[at:]
    with pytest.raises(BackupFailed):
        opened(changed, age.Passphrase(WORDS))


def test_whole_chunks_cannot_be_left_out_swapped_or_added_tamper(pair: tuple[age.Recipients, age.Identities]) -> None:
    plain = os.urandom(4 * passphrase.CHUNK_BYTES)
    for lock, key in ((age.Passphrase(WORDS), age.Passphrase(WORDS)), pair):
        sealed = closed(plain, lock)
        piece = passphrase.CHUNK_BYTES + passphrase.TAG_BYTES
        start = len(sealed) - 4 * piece
        head, parts = sealed[:start], [sealed[start + n * piece :][:piece] for n in range(4)]
        for order in ([0, 1, 2], [0, 1], [], [1, 0, 2, 3], [0, 2, 3], [0, 1, 2, 3, 3], [0, 0, 1, 2, 3]):
            with pytest.raises(BackupFailed, match="damaged"):
                opened(head + b"".join(parts[n] for n in order), key)


def test_what_is_wrong_is_said(tmp_path: Path, pair: tuple[age.Recipients, age.Identities]) -> None:
    by_words, by_key = closed(b"x", age.Passphrase(WORDS)), closed(b"x", pair[0])
    stranger = age.Identities([pyrage.x25519.Identity.generate()])
    for sealed, key, says in (
        (by_words, age.Passphrase("other words entirely"), "passphrase is not the one"),
        (by_words, pair[1], "give it with --passphrase-file"),
        (by_key, age.Passphrase(WORDS), "give the private key with --identity"),
        (by_key, stranger, "none of the keys"),
        (b"", pair[1], "damaged"),
        (b"PGDMP and so on", age.Passphrase(WORDS), "damaged"),
        (by_words.replace(b" 4\n", b" 30\n", 1), age.Passphrase(WORDS), "2\\^30 rounds"),
    ):
        with pytest.raises(BackupFailed, match=says):
            opened(sealed, key)
    weak = tmp_path / "weak"
    weak.write_text("short\n")
    with pytest.raises(BackupFailed, match="at least 12"):
        age.passphrase_from(weak)
    with pytest.raises(BackupFailed, match="no private key"):
        age.identities(weak)
    for word in ("age1nonsense", str(tmp_path / "missing"), "ssh-ed25519 AAAA"):
        with pytest.raises(BackupFailed, match="--recipient"):
            age.recipients([word])


def test_keys_come_from_files_and_from_openssh(tmp_path: Path) -> None:
    secret, public = age.new_identity()
    keys, private = tmp_path / "recipients", tmp_path / "identity"
    keys.write_text(f"# the vault's\n{public}\n\n")
    private.write_text(f"# public key: {public}\n{secret}\n")
    assert opened(closed(b"hello", age.recipients([str(keys)])), age.identities(private)) == b"hello"


def test_a_full_disk_stays_a_full_disk(pair: tuple[age.Recipients, age.Identities]) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    for lock in (pair[0], age.Passphrase(WORDS)):
        with pytest.raises(OSError, match="No space left"):
            lock.encrypt(io.BytesIO(b"x" * 200_000), Full())
