"""Modes `share` and `present` in memory: the customer is the viewer, compares the digits there and decides."""

import hashlib
import itertools
from typing import Any

import pytest

from agent.host import events as host_events
from agent.host.consent import Consent, ConsentError, Mode, State
from agent.host.protocol import HostProtocol
from agent.outbox import Outbox
from agent.viewer import events
from tests.support.session import STATEMENT, End, Session, entropy
from wire.header import Delivery, Stream, header
from wire.limits import VERIFICATION_SECONDS
from wire.messages.handshake import Notice, NoticeKind
from wire.messages.input import KeyEvent

LINK = hashlib.sha256(b"link").digest()[:16]


class Sharing(Session):
    """The operator's host and a customer who looks on."""

    def __init__(self, mode: Mode, link: bytes | None = None) -> None:
        super().__init__("control")
        numbers = itertools.count(1)
        outbox = Outbox()
        self.consent = Consent(mode, ["chat"])
        self.host = End(1, HostProtocol(
            sender=1, ticket="host", statement=STATEMENT, consent=self.consent, outbox=outbox, entropy=entropy("host"),
            counter=lambda: next(numbers), link=link, side="operator",
        ), outbox)  # fmt: skip
        self.customer = self.viewer(2, customer=True, link=link)
        self.connect(self.host)
        self.connect(self.customer)
        self.settle()

    def do(self, happened: list[Any]) -> None:
        self.customer.events += happened
        self.settle()
        self.show()

    @property
    def shown_digits(self) -> str:
        digits = self.host.of(host_events.DigitsShown)[-1].digits
        assert isinstance(digits, str)
        return digits


def test_digits_there_yes_there_and_then_the_operator_hears_it() -> None:
    session = Sharing("share")
    customer = session.customer
    assert customer.of(events.DigitsWanted) == [events.DigitsWanted(1)]
    assert not customer.of(events.Digits), "the customer is not shown what they are to hear"
    session.do(customer.core.digits(session.shown_digits, session.now))
    assert len(customer.of(events.ConsentWanted)) == 1
    assert session.consent.step is State.ELSEWHERE
    session.do(customer.core.answer(True, session.now))
    assert session.host.of(host_events.ConsentNeeded), "does the customer say so?"
    assert session.captures == 0
    session.answer(True)
    assert session.same(customer)
    assert customer.core.grants == {"view", "chat"}
    assert not customer.core.send([KeyEvent(True, 0x61)], session.now) or not session.host.of(host_events.Input)
    session.host.events += session.host.core.grant("control", True, session.now)
    session.settle()
    assert customer.core.send([KeyEvent(True, 0x61)], session.now)
    session.settle()
    assert session.host.of(host_events.Input)


def test_a_link_asks_the_customer_alone() -> None:
    session = Sharing("present", LINK)
    assert session.customer.of(events.ConsentWanted)
    assert session.captures == 0
    session.do(session.customer.core.answer(True, session.now))
    assert session.same(session.customer)
    with pytest.raises(ConsentError):
        session.host.core.grant("control", True, session.now)


def test_wrong_digits_mean_new_keys_and_the_third_ends_it() -> None:
    session, shown = Sharing("share"), set()
    for attempt in range(3):
        right = session.shown_digits
        shown.add(right)
        assert session.customer.of(events.DigitsWanted)[-1].attempt == attempt + 1
        session.now += 2
        session.do(session.customer.core.digits(f"{(int(right) + 1) % 1_000_000:06d}", session.now))
        session.advance(2)
    assert len(shown) == 3
    assert session.host.core.ended == host_events.Ended("customer", "verification_failed")
    assert session.captures == 0


def test_no_and_silence_are_refusals() -> None:
    for wait in (False, True):
        session = Sharing("share", LINK)
        if wait:
            session.advance(VERIFICATION_SECONDS + 1, step=5)
        else:
            session.do(session.customer.core.answer(False, session.now))
        assert session.host.core.ended == host_events.Ended("customer", "refused")
        assert session.captures == 0


def test_an_evil_relay_that_says_verified_skips_no_digits() -> None:
    session = Sharing("share")
    notice = header(Delivery.ORDERED, Stream.HANDSHAKE, 1, 2).pack() + Notice(NoticeKind.VERIFIED, bytes(8)).encode()
    session.customer.events += session.customer.core.frame(len(notice).to_bytes(4, "big") + notice, session.now)
    session.do(session.customer.core.answer(True, session.now))
    session.advance(2)
    assert not session.customer.of(events.ConsentWanted)
    assert session.consent.step is State.ELSEWHERE
    assert session.captures == 0


def test_an_operator_who_does_not_hear_it_ends_it() -> None:
    session = Sharing("share")
    session.do(session.customer.core.digits(session.shown_digits, session.now))
    session.do(session.customer.core.answer(True, session.now))
    session.answer(False)
    assert session.customer.of(events.Ended) == [events.Ended("operator", "refused")]
    assert session.captures == 0
