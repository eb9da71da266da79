"""The server's answer to a join: believed only as far as it is signed and holds together."""

import time
from typing import Any, get_args

import pytest

from agent.api_client import ApiClient
from agent.seat import Role, Seat, SeatError, Side
from wire import tokens
from wire.tokens import SigningKey

KEY = SigningKey.generate()


class Server(ApiClient):
    """Answers with the keys alone."""

    def __init__(self, keys: object) -> None:
        super().__init__("http://localhost")
        self.keys = keys

    async def get(self, path: str, **params: str | int) -> dict[str, Any]:
        return {"keys": self.keys}


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": "http://localhost", "iat": now, "exp": now + 600, "jti": "jti", **more}


def answer(mode: str = "view", **changes: Any) -> dict[str, Any]:
    statement = claims(sub="ses_1", aud="session", mode=mode, operator={"name": "Alice"})
    ticket = claims(sub="par_1", aud="rel_1", first="first")
    return {
        "session_id": "ses_1",
        "participant": {"id": "par_1", "sender": 1, "role": "host", "side": "customer"},
        "statement": tokens.sign(KEY, tokens.STATEMENT, statement),
        "ticket": tokens.sign(KEY, tokens.TICKET, ticket),
        "resume_ticket": "resume",
        "relays": [{"id": "rel_1", "url": "ws://localhost:1"}],
        "mode": mode,
    } | changes


async def take(given: dict[str, Any], keys: object = None, side: Side = "customer", role: Role = "host") -> Seat:
    async with Server([KEY.public_jwk] if keys is None else keys) as api:
        return await Seat.take(api, given, side, role)


async def test_a_good_answer() -> None:
    seat = await take(answer())
    assert (seat.mode, seat.first_ticket_id, seat.sender) == ("view", "first", 1)


def participant(**changes: Any) -> dict[str, Any]:
    return {"id": "par_1", "sender": 1, "role": "host", "side": "customer"} | changes


@pytest.mark.rule("R15")
@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "control", "statement": answer("view")["statement"]},
        {"session_id": "ses_2"},
        {"participant": participant(sender=0)},
        {"participant": participant(sender=99999)},
        {"participant": participant(sender="x")},
        {"participant": participant(role="ghost")},
        {"participant": participant(role="viewer")},
        {"participant": participant(side="operator")},
        {"relays": []},
        {"relays": None},
        {"statement": "a.b.c"},
        {"statement": 5},
        {"ticket": "no"},
    ],
    ids="-".join,
)
async def test_lying_server_is_not_followed(changes: dict[str, Any]) -> None:
    with pytest.raises(SeatError):
        await take(answer(**changes))


@pytest.mark.rule("R15")
@pytest.mark.parametrize("mode", ["view", "control", "manage", "share", "present"])
async def test_lying_server_makes_no_host_of_whom_was_asked_to_look(mode: str) -> None:
    """Whose screen is shown follows from the signed mode and from which side one is, whatever else the answer says."""
    for side in get_args(Side):
        for role in get_args(Role):
            shows = (side == "operator") == (mode in {"share", "present"})
            right = role == ("host" if shows else "viewer")
            given = answer(mode, participant=participant(side=side, role=role))
            if right:
                assert (await take(given, side=side, role=role)).role == role
                continue
            with pytest.raises(SeatError):
                await take(given, side=side, role=role)


@pytest.mark.parametrize(
    "keys",
    [5, [5], [], [{}], [SigningKey.generate().public_jwk]],
    ids=["number", "numbers", "none", "empty", "another"],
)
async def test_lying_server_with_other_keys_is_not_followed(keys: object) -> None:
    with pytest.raises(SeatError):
        await take(answer(), keys)
