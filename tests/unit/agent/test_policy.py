"""Policy that is narrowed while a session runs, as the host holds it: at once, for good, and in plain words."""

from typing import Any

import pytest

from agent.host import events
from agent.host.consent import State
from agent.seat_policy import SeatPolicy
from agent.viewer import events as seen
from tests.support.session import API_KEY, ISSUER, TODAY, Session
from wire import tokens
from wire.policy import Narrowing
from wire.statement import Demands

FEATURES = ("chat", "clipboard_to_customer")


def narrowing(version: int = 1, features: tuple[str, ...] = (), **more: Any) -> Narrowing:
    return Narrowing(version, frozenset(features), **more)


def told(session: Session) -> list[events.Narrowed]:
    return session.host.of(events.Narrowed)


def narrow(session: Session, what: Narrowing) -> None:
    session.host.events += session.host.core.narrow(what, session.now)
    session.settle()


def running(**options: Any) -> tuple[Session, Any]:
    session = Session(features=FEATURES, **options)
    return session, session.accepted(session.viewer())


def test_what_is_taken_away_is_gone_with_the_next_message_and_both_are_told() -> None:
    session, viewer = running()
    assert viewer.core.say("before")
    session.settle()
    number = session.host.core._epochs._sealer.number
    narrow(session, narrowing(features=("clipboard_to_customer",)))
    assert session.consent.grants == {"view", "control", "clipboard_to_customer"}
    assert viewer.core.grants == session.consent.grants, "the viewer is told sealed, by the host"
    assert told(session) == [events.Narrowed(frozenset({"chat"}))]
    assert session.host.core._epochs._sealer.number > number, "a new key for what is granted now"
    assert not viewer.core.say("after")
    assert [line.text for line in session.host.core.chat.lines] == ["before"]
    session.draw(7)
    session.show()
    assert session.same(viewer), "what is still granted goes on"


def test_nothing_is_ever_widened_again() -> None:
    session, _ = running()
    narrow(session, narrowing(1))
    narrow(session, narrowing(2, FEATURES, seconds=10**6))
    assert session.consent.grants == {"view", "control"}
    assert len(told(session)) == 2
    assert told(session)[1] == events.Narrowed(frozenset(), seconds=10**6), "there was no limit before"
    narrow(session, narrowing(3, FEATURES, seconds=10**7))
    assert len(told(session)) == 2, "nothing changed, so nobody is told"


def test_it_holds_before_anybody_is_accepted() -> None:
    session = Session(features=FEATURES)
    session.connect(session.host)
    narrow(session, narrowing())
    viewer = session.accepted(session.viewer())
    assert viewer.core.grants == {"view", "control"}


def test_a_shorter_time_counts_from_the_acceptance() -> None:
    session, viewer = running(limit_seconds=600)
    narrow(session, narrowing(features=FEATURES, seconds=60))
    assert told(session) == [events.Narrowed(frozenset(), seconds=60)]
    session.advance(61)
    assert session.host.of(events.Ended) == [events.Ended("system", "time_limit")]
    assert viewer.of(seen.Ended) == [seen.Ended("system", "time_limit")]


def test_a_session_in_which_nothing_is_done_ends() -> None:
    session, viewer = running(idle_seconds=60)
    for _ in range(3):
        session.advance(50)
        assert viewer.core.say("still here")
        session.settle()
    session.advance(59)
    assert session.consent.state is State.APPROVED
    session.advance(2)
    assert session.host.of(events.Ended) == [events.Ended("system", "idle")]


def test_who_only_looks_on_is_not_idle_while_the_picture_changes() -> None:
    session, _ = running(mode="view", idle_seconds=60)
    for place in range(3):
        session.advance(50)
        session.draw(place)
        session.show()
    assert session.consent.state is State.APPROVED
    session.advance(61)
    assert session.host.of(events.Ended) == [events.Ended("system", "idle")]


def test_keys_that_are_not_good_enough_any_more_end_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wire.kem.available", lambda: False)
    session, viewer = running()
    narrow(session, narrowing(features=FEATURES, demands=Demands(pq_required=True)))
    assert session.host.of(events.Ended) == [events.Ended("administrator", "policy")]
    assert viewer.of(seen.Ended) == [seen.Ended("administrator", "policy")]


# ---- whom an end believes


class Place:
    """As much of a seat as is asked for."""

    keys, issuer, session, policy = {API_KEY.kid: API_KEY.public_jwk}, ISSUER, "ses_1", ""


def token(version: int = 1, key: tokens.SigningKey = API_KEY, typ: str = tokens.POLICY, **changes: Any) -> str:
    claims = {
        "iss": ISSUER, "aud": "ses_1", "sub": "ses_1", "iat": TODAY - 1, "exp": TODAY + 300, "jti": f"tok_{version}",
        "ver": version, "mode": "control", "features": ["chat"], "limits": {"seconds": 60, "bytes_per_second": None},
        "policy": {"idle_seconds": 90, "pq_required": True, "local_input_priority": True},
    }  # fmt: skip
    return tokens.sign(key, typ, {**claims, **changes})


@pytest.mark.rule("R36")
def test_an_end_takes_a_signed_policy_once_and_never_an_older_one() -> None:
    policy = SeatPolicy(Place(), clock=lambda: float(TODAY))  # type: ignore[arg-type]
    taken = policy.take(token(2))
    assert taken == Narrowing(2, frozenset({"chat"}), 60, 90, own_input_first=True, demands=Demands(pq_required=True))
    assert policy.take(token(2)) is None
    assert policy.take(token(1)) is None
    assert policy.take(token(3)) is not None


@pytest.mark.parametrize(
    "forged",
    [
        token(key=tokens.SigningKey.generate()), token(typ=tokens.STATEMENT), token(aud="ses_2"), token(sub="ses_2"),
        token(iss="https://evil.example"), token(exp=TODAY - 1, iat=TODAY - 300), token(ver=0), token(ver="2"), token(ver=True),
        token(features="chat"), token(features=[1]), token(features=["x"] * 65), token(limits=[]), token(policy="none"),
        token(limits={"seconds": -1}), token(policy={"idle_seconds": "soon"}), token(policy={"pq_required": "yes"}),
        token(policy={"verification": "telepathy"}), token()[:-2], "three.small.words", "", None, 7,
    ],
)  # fmt: skip
def test_a_lying_relay_or_tampered_token_changes_nothing(forged: object) -> None:
    policy = SeatPolicy(Place(), clock=lambda: float(TODAY))  # type: ignore[arg-type]
    assert policy.take(forged) is None
    assert policy.take(token(1)) is not None, "and does not stand in the way of the true one"


def test_what_the_servers_answer_brought_is_looked_at_once() -> None:
    place = Place()
    policy = SeatPolicy(place, clock=lambda: float(TODAY))  # type: ignore[arg-type]
    assert policy.brought() is None
    place.policy = token(4)
    taken = policy.brought()
    assert taken is not None
    assert taken.version == 4
    assert policy.brought() is None
