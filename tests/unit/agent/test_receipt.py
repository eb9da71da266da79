"""The customer's receipt: only a genuine one of this session is kept; how it is fetched and saved."""

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent import receipt as kept
from agent.api_client import ApiClient
from agent.host.ui.fake import FakeInterface
from agent.seat import Seat
from tests.support.receipts import receipt
from texts.receipt_page import file_in
from wire import receipt as receipts
from wire.keys import sha256
from wire.tokens import SigningKey

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
STATEMENT = b"{}"


def ours(**members: Any) -> dict[str, Any]:
    """The receipt of the session that `seat` is in."""
    return receipt() | {"statement_sha256": sha256(STATEMENT).hex()} | members


def seat(*keys: SigningKey) -> Seat:
    made = Seat.__new__(Seat)
    made.session, made.issuer, made.resume_ticket = ours()["session_id"], ours()["issuer"], "ticket"
    made.statement_hash, made.statement = sha256(STATEMENT), {"organisation": {"name": "Acme Support"}}
    made.keys = {key.kid: key.public_jwk for key in keys or (KEY,)}
    return made


class Server:
    """Answers one after the other, the last for ever."""

    def __init__(self, *given: httpx.Response, keys: SigningKey = KEY) -> None:
        self.given, self.keys, self.asked = list(given), keys, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(200, json={"keys": [self.keys.public_jwk]})
        assert request.headers["authorization"] == "Bearer ticket"
        self.asked += 1
        return self.given.pop(0) if len(self.given) > 1 else self.given[0]

    def client(self) -> ApiClient:
        return ApiClient("http://server.test", transport=httpx.MockTransport(self))


def given(document: dict[str, Any] | None = None, key: SigningKey = KEY) -> httpx.Response:
    return httpx.Response(200, content=receipts.make(key, document or ours()))


def said(status: int, slug: str) -> httpx.Response:
    return httpx.Response(status, json={"type": f"/problems/{slug}", "detail": "Said so."})


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "RETRY_SECONDS", 0)


async def test_it_is_asked_for_until_it_is_made(at_once: None) -> None:
    server = Server(said(409, "receipt-not-yet"), said(409, "receipt-not-yet"), given())
    fetched = await kept.fetch(server.client(), seat())
    assert server.asked == 3
    assert fetched.proven.receipt == ours()
    assert receipts.verify(fetched.file, {KEY.kid}).receipt == ours()


async def test_the_server_may_have_a_newer_key() -> None:
    server = Server(given(key=OTHER), keys=OTHER)
    assert (await kept.fetch(server.client(), seat(KEY))).proven.fingerprint == OTHER.kid


@pytest.mark.parametrize(
    "answer",
    [
        given(ours(session_id="ses_another")),
        given(ours(statement_sha256="0" * 64)),
        given(ours(issuer="https://evil.example")),
        given(key=OTHER),
        httpx.Response(
            200, content=receipts.make(KEY, ours()).replace(b'"ended_by": "customer"', b'"ended_by": "operator"')
        ),
    ],
    ids=["splice-session", "splice-statement", "evil-issuer", "evil-key", "tamper"],
)
async def test_what_is_not_genuine_or_not_of_this_session_is_not_saved(answer: httpx.Response, tmp_path: Path) -> None:
    person = FakeInterface()
    await kept.offer(Server(answer).client(), seat(), person, "en", str(tmp_path / "r.json"))
    ((_, text),) = person.shown
    assert "not genuine" in str(text)
    assert list(tmp_path.iterdir()) == []


async def test_page_and_file_are_for_their_owner_and_overwrite_nothing(tmp_path: Path) -> None:
    fetched = await kept.fetch(Server(given()).client(), seat())
    first, second = kept.write(fetched, tmp_path, "en"), kept.write(fetched, tmp_path, "ja")
    assert [path.name for path in first] == [
        f"tasuki-receipt-2026-12-01-acme-support-4c7d0e.{end}" for end in ("html", "json")
    ]
    assert len({*first, *second}) == 4
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (*first, *second))
    assert file_in(first[0].read_bytes()) == first[1].read_bytes() == fetched.file
    with pytest.raises(FileExistsError):
        kept.write(fetched, first[0], "en")


@pytest.mark.parametrize("name", ["r.html", "r.json", "receipt"])
async def test_the_file_that_was_named_is_of_the_kind_that_its_name_says(name: str, tmp_path: Path) -> None:
    person = FakeInterface()
    await kept.offer(Server(given()).client(), seat(), person, "en", str(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    assert data.startswith(b"<!doctype html>") if name.endswith("html") else json.loads(data)["receipt"] == ours()
    assert person.shown == [("notice", f"Saved: {tmp_path / name}")]


@pytest.mark.parametrize(
    ("answer", "where", "words"),
    [
        (said(410, "receipt-gone"), "r.json", "Acme Support can give it to you"),
        (given(), "no/folder/r.json", "could not be saved"),
    ],
)
async def test_whatever_goes_wrong_is_a_sentence(
    answer: httpx.Response, where: str, words: str, tmp_path: Path
) -> None:
    person = FakeInterface()
    await kept.offer(Server(answer).client(), seat(), person, "en", str(tmp_path / where))
    assert words in str(person.shown[0][1])


async def test_evil_names_lead_nowhere_else(tmp_path: Path) -> None:
    evil = ours()
    evil["server"]["organisation"]["name"] = "../../etc/\x1b[2J 株式会社 CON"
    fetched = await kept.fetch(Server(given(evil)).client(), seat())
    assert {path.parent for path in kept.write(fetched, tmp_path, "en")} == {tmp_path}
