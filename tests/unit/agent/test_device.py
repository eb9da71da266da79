"""A device: its identity file, its rule for asking, its proofs, and the loop that waits."""

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.api_client import ApiClient
from agent.commands.output import CommandError
from agent.device import consent, runner
from agent.device.client import DeviceClient, WipedError
from agent.device.consent import Rule, interface_for, rule_for
from agent.device.identity import Identity, NotEnrolledError, grouped, new_key, parse_access_key
from agent.device.runner import Runner
from agent.host.ui import CustomerInterface, CustomerStoppedError, How
from wire import devices

DEVICE = "dev_" + "0" * 26
KEY = new_key()


def identity(**more: Any) -> Identity:
    return Identity("http://server.test", DEVICE, "Reception", "Acme", KEY.private_bytes_raw().hex(), **more)


# ---- the file


def test_the_identity_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "own" / "device.json"
    mine = identity()
    mine.allow_unattended()
    mine.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Identity.load(path) == mine
    path.chmod(0o640)
    with pytest.raises(NotEnrolledError, match="chmod 600"):
        Identity.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"server": "x"}', '{"unknown": 1}'])
def test_a_damaged_file_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "device.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(NotEnrolledError, match="enrol this machine again"):
        Identity.load(path)


def test_no_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolledError, match="tasuki enroll"):
        Identity.load(tmp_path / "device.json")


def test_allowing_again_makes_another_access_key() -> None:
    mine = identity()
    assert (mine.unattended, mine.access_secret) == (False, None)
    first, second = mine.allow_unattended(), mine.allow_unattended()
    assert first != second
    assert mine.access_secret == parse_access_key(second)


@given(st.binary(min_size=16, max_size=16), st.sampled_from([str.upper, str.lower, lambda text: f"  {text}\n"]))
def test_an_access_key_is_understood_as_it_is_copied(key: bytes, copied: Callable[[str], str]) -> None:
    assert parse_access_key(copied(grouped(key.hex()))) == key


@given(st.text(max_size=60))
def test_what_is_no_access_key_is_refused(text: str) -> None:
    digits = "".join(char for char in text if char in "0123456789abcdefABCDEF")
    assume(len(digits) != 32)
    with pytest.raises(ValueError, match="eight groups"):
        parse_access_key(text)


# ---- asking


@pytest.mark.rule("R12")
@given(st.one_of(st.sampled_from([rule.value for rule in Rule]), st.none(), st.integers(), st.text()))
def test_evil_the_server_alone_turns_nothing_off(told: object) -> None:
    """Whatever it says: without the local administrator's word the person is asked; with it, only known words ask less."""
    assert rule_for(told, unattended=False) is Rule.ASK
    allowed = rule_for(told, unattended=True)
    assert allowed is Rule.ASK or allowed.value == told


class Person:
    """An interface that answers as told, or never."""

    def __init__(self, answer: bool | BaseException | None) -> None:
        self.answer, self.asked = answer, 0

    async def ask_consent(self, _question: object) -> bool:
        self.asked += 1
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return bool(self.answer)

    async def ask_digits(self, _attempt: int) -> str:
        return "123456"

    async def show_sign(self, _question: object) -> str:
        return "shown"


async def asked(rule: Rule, person: Person) -> tuple[bool, int]:
    """The answer, and how often 'nobody' was said."""
    said: list[None] = []
    shown = interface_for(cast("CustomerInterface", person), rule, lambda: said.append(None))
    assert await cast("Any", shown).show_sign(None) == "shown", "everything else is the interface's own"
    return await cast("Any", shown).ask_consent(None), len(said)


@pytest.mark.rule("R12")
async def test_who_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "PRESENT_SECONDS", 0.01)
    for rule in (Rule.ASK, Rule.ASK_IF_PRESENT):
        assert await asked(rule, Person(True)) == (True, 0)
        assert await asked(rule, Person(False)) == (False, 0), "a person who is there can say no"
        with pytest.raises(CustomerStoppedError):
            await asked(rule, Person(CustomerStoppedError(How.KEY)))
    assert await asked(Rule.ASK_IF_PRESENT, Person(None)) == (True, 1)
    nobody = Person(None)
    assert (await asked(Rule.NEVER, nobody), nobody.asked) == ((True, 0), 0)


@pytest.mark.rule("R12")
async def test_digits_stand_in_for_no_access_key() -> None:
    """Where policy wants digits, or a host were talked into them: a person is asked, whatever the rule says."""
    for rule in (Rule.NEVER, Rule.ASK_IF_PRESENT):
        person = Person(False)
        shown = cast("Any", interface_for(cast("CustomerInterface", person), rule, lambda: None))
        assert await shown.ask_digits(1) == "123456"
        assert (await shown.ask_consent(None), person.asked) == (False, 1)


# ---- the server


class Server:
    """Checks proofs as the api does, and answers the rest from a script."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[str] = []
        self.proofs = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/devices")
        if path == "/challenge":
            return httpx.Response(200, json={"challenge": f"c{self.proofs}"})
        if path == "/token":
            body = json.loads(request.content)
            public = Ed25519PublicKey.from_public_bytes(KEY.public_key().public_bytes_raw())
            public.verify(bytes.fromhex(body["signature"]), devices.proof(DEVICE, f"c{self.proofs}"))
            self.proofs += 1
            return httpx.Response(200, json={"access_token": f"t{self.proofs}"})
        self.seen.append(f"{request.method} {path} {request.headers['authorization']}")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> ApiClient:
        return ApiClient("http://server.test", transport=httpx.MockTransport(self))


def told(status: int, slug: str) -> httpx.Response:
    return httpx.Response(status, json={"type": f"/problems/{slug}", "slug": slug, "detail": f"It is {slug}."})


OWN = httpx.Response(200, json={"consent": "ask"})
NOTHING = httpx.Response(200, json={"consent": "ask", "calls": []})


@pytest.mark.rule("R35")
async def test_it_proves_itself_once_and_again_when_the_token_has_ended() -> None:
    server = Server(NOTHING, NOTHING, told(401, "token-refused"), NOTHING)
    async with server.client() as api:
        client = DeviceClient(api, identity())
        for _ in range(3):
            assert (await client.wait())["calls"] == []
    assert server.seen == ["GET /me/wait Bearer t1"] * 3 + ["GET /me/wait Bearer t2"]


async def test_wiped_is_told_apart() -> None:
    server = Server(told(410, "device-wiped"))
    async with server.client() as api:
        with pytest.raises(WipedError):
            await DeviceClient(api, identity()).wait()


async def run(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    """What the loop says until it ends, and with what it ends."""
    monkeypatch.setattr(runner, "ApiClient", lambda _url: server.client())
    monkeypatch.setattr(runner, "PAUSES_SECONDS", (0.0,))
    said: list[str] = []
    mine = identity()
    mine.save(path)
    loop = Runner(mine, path, screen="drawn", monitor=1, lang="en", tell=lambda event, *_, **__: said.append(event))
    with pytest.raises(CommandError) as ended:
        await loop.run()
    return said, str(ended.value)


async def test_it_waits_through_outages_and_deletes_its_key_when_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "device.json"
    away = httpx.ConnectError("no route")
    server = Server(away, OWN, NOTHING, told(403, "device-disabled"), told(503, "no-relay"), NOTHING, away, NOTHING,
                    told(410, "device-wiped"))  # fmt: skip
    said, why = await run(server, path, monkeypatch)
    assert said == ["away", "back", "online", "away", "back", "away", "back"]
    assert "its key was deleted" in why
    assert not path.exists()


async def test_a_device_that_the_server_forgot_keeps_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "device.json"
    said, why = await run(Server(OWN, told(401, "x"), told(401, "token-refused")), path, monkeypatch)
    assert (said, DEVICE in why, path.exists()) == (["online"], True, True)


async def test_a_session_that_is_gone_is_missed_and_a_lost_answer_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = httpx.Response(200, json={"consent": "never", "calls": [{"session_id": "ses_1"}]})
    lost = httpx.ReadError("cut")
    server = Server(OWN, called, lost, told(409, "session-ended"), told(410, "device-wiped"))
    said, _ = await run(server, tmp_path / "device.json", monkeypatch)
    assert said == ["online", "missed"]
    assert sum("/join" in one for one in server.seen) == 2
