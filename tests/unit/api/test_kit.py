"""The small tools: ids, pages, budgets, sealing, credentials, waking."""

import asyncio
import string
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.keyring import Keyring
from api.keyring.master import MasterKeyError, MasterKeys
from api.keyring.repository import KeyStore
from api.kit import secret
from api.kit.columns import UtcDateTime
from api.kit.ids import Kind, new_id
from api.kit.pages import after_cursor, cursor_of, page_of
from api.kit.sealing import DataKey, SealError
from api.kit.throttle import address_key
from api.kit.wake import Waker
from api.problems import BadCursor


class Time:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_ids_only_grow() -> None:
    made = [new_id(Kind.SESSION) for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert all(len(item) == 30 and item.startswith("ses_") for item in made)


@given(st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=60))
def test_cursors_come_back(identifier: str) -> None:
    assert after_cursor(cursor_of(identifier)) == identifier


@pytest.mark.parametrize("cursor", ["!", "a", "ÄÖ", "====", "_w"])
def test_other_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        after_cursor(cursor)


def test_the_last_page_has_no_cursor() -> None:
    assert page_of(["b", "a"], ["b", "a"], 2).next_cursor is None
    assert page_of(["c", "b", "a"], ["c", "b", "a"], 2).next_cursor == cursor_of("b")
    assert page_of([], [], 2).items == []


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"), (None, "unknown"), ("testclient", "unknown"),
    ],
)  # fmt: skip
def test_address_keys(address: str | None, key: str) -> None:
    assert address_key(address) == key


@given(st.binary(max_size=100))
def test_sealed_values_open_only_where_they_belong(plain: bytes) -> None:
    key = DataKey(b"i" * 16, b"k" * 32)
    sealed = key.seal("code", "ses_1", plain)
    assert key.open("code", "ses_1", sealed) == plain
    assert key.seal("code", "ses_1", plain) != sealed
    for other, purpose, about, value in (
        (DataKey(b"i" * 16, b"x" * 32), "code", "ses_1", sealed),
        (key, "customer", "ses_1", sealed),
        (key, "code", "ses_2", sealed),
        (key, "code", "ses_1", sealed[:-1]),
        (key, "code", "ses_1", sealed[:1] + b"x" + sealed[2:]),
        (key, "code", "ses_1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (key, "code", "ses_1", b""),
    ):
        with pytest.raises(SealError):
            other.open(purpose, about, value)


def test_lookups_need_the_key(tmp_path: Path) -> None:
    one, two = (Keyring(KeyStore(f"sqlite:///{tmp_path / name}"), MasterKeys(tmp_path / "m")) for name in ("1", "2"))
    one.store.start()
    two.store.start()
    assert one.server.lookup("code", "12345678") == one.server.lookup("code", "12345678")
    hashes = {two.server.lookup("code", "12345678"), one.server.lookup("other", "12345678")}
    hashes |= {one.organization("org_1").lookup("code", "12345678"), one.server.lookup("code", "12345678")}
    assert len(hashes) == 4


def test_the_master_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "master.key"
    sealed = MasterKeys(path).seal("p", "a", b"x")
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKeys(path).open("p", "a", sealed) == b"x"
    assert [item.name for item in path.parent.iterdir()] == ["master.key"]
    path.chmod(0o640)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        MasterKeys(path)
    path.chmod(0o600)
    for damage in ("not a key", "", "AAAA"):
        path.write_text(damage)
        with pytest.raises(MasterKeyError, match="damaged"):
            MasterKeys(path)


def test_credentials() -> None:
    made = {secret.new_credential("tsk_") for _ in range(100)}
    assert len(made) == 100
    assert all(len(item) == 47 for item in made)
    assert len({secret.digest(item) for item in made}) == 100
    passwords = {secret.one_time_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(len(item) == 23 and not set(item) & set("0o1il") for item in passwords)


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]  # noqa: DTZ001


async def test_a_waiter_is_woken_by_its_topic_only() -> None:
    waker = Waker()
    with waker.listen("a") as listener:
        waker.wake(["b"])
        assert not await listener.wait(0.01)
        asyncio.get_running_loop().call_later(0.01, waker.wake, ["a", "b"])
        assert await listener.wait(5)
        waker.wake(["a"])
        assert await listener.wait(5)
    assert not waker._waiting
