"""R18: whatever is done with a sealer, no (key, nonce) is used twice, and a key ends before its limits."""

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wire import nonces
from wire.association import Pair
from wire.errors import KeyExhausted, TooLarge, WireError
from wire.handshake import Association
from wire.header import Delivery, Stream, header, unpack
from wire.limits import MAX_CONTENT_BYTES
from wire.nonces import Nonces
from wire.seal import Sealer

pytestmark = pytest.mark.rule("R18")


@pytest.mark.parametrize("other", [copy.copy, copy.deepcopy, pickle.dumps])
def test_an_allocator_cannot_be_copied_or_stored(other: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        other(Nonces())


@pytest.mark.parametrize("other", [copy.deepcopy, pickle.dumps])
def test_a_sealer_cannot_be_stored(other: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        other(Sealer(b"k" * 32, 1, 1))


def test_a_sealer_seen_twice_has_one_allocator() -> None:
    sealer, fields = Sealer(b"k" * 32, 1, 1), header(Delivery.LATEST, Stream.BEACON, 1)
    again = copy.copy(sealer)
    assert [unpack(one.seal(fields, b"x")).seq for one in (sealer, again, sealer)] == [0, 1, 2]


def test_an_allocator_cannot_be_set_back() -> None:
    given_out = Nonces()
    given_out.take(5)
    for name in ("_seq", "seq", "__seq"):
        with pytest.raises(AttributeError):
            setattr(given_out, name, 0)
    assert given_out.take(5) == 1


class OneKey(RuleBasedStateMachine):
    """Everything that a pair can be asked to say, with a key that is small enough to end."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(nonces, "MAX_KEY_MESSAGES", 40)
        self._patch.setattr(nonces, "MAX_KEY_BYTES", 4_000)
        association = Association(7, 0, 1, b"h" * 32, b"v" * 32, b"r" * 32, "123456", b"s" * 32, b"t" * 32)
        self.pair = Pair(association, 1, 2, host=True)
        self.sealed: dict[int, bytes] = {}
        self.bytes = 0

    def teardown(self) -> None:
        self._patch.undo()

    def keep(self, messages: list[bytes]) -> None:
        for message in messages:
            seq = unpack(message).seq
            assert self.sealed.setdefault(seq, message) == message, "one nonce, two messages"
            self.bytes += len(message) - 40

    @rule(body=st.binary(max_size=400), stream=st.sampled_from([Stream.CHAT, Stream.CONTROL]))
    def say(self, body: bytes, stream: Stream) -> None:
        try:
            self.keep(self.pair.say(stream, body))
        except KeyExhausted:
            assert len(self.sealed) == 40 or self.bytes + len(body) + 8 > 4_000

    @rule(body=st.binary(max_size=400))
    def latest(self, body: bytes) -> None:
        try:
            self.keep([self.pair.latest(Stream.FEEDBACK, body)])
        except KeyExhausted:
            assert len(self.sealed) == 40 or self.bytes + len(body) > 4_000

    @rule(stream=st.sampled_from([Stream.CHAT, Stream.CONTROL]), generation=st.integers(0, 50))
    def acknowledge(self, stream: Stream, generation: int) -> None:
        self.pair.out.acknowledge({stream: generation})
        try:
            self.keep(self.pair.pump())
        except KeyExhausted:
            return

    @rule()
    def resend(self) -> None:
        """After a lost connection: byte for byte what was sealed before."""
        for message in self.pair.out.unacknowledged():
            assert self.sealed[unpack(message).seq] == message

    @rule()
    def too_large(self) -> None:
        with pytest.raises((TooLarge, KeyExhausted)):
            self.pair.latest(Stream.FEEDBACK, bytes(MAX_CONTENT_BYTES + 1))

    @invariant()
    def within_limits(self) -> None:
        assert sorted(self.sealed) == list(range(len(self.sealed)))
        assert len(self.sealed) <= 40
        assert self.bytes <= 4_000


OneKey.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOneKey = OneKey.TestCase


@given(
    secret=st.binary(min_size=32, max_size=32),
    a=st.tuples(st.integers(1, 2**32 - 1), st.integers(1, 2**16 - 1)),
    b=st.data(),
)
def test_another_number_or_sender_is_another_key(secret: bytes, a: tuple[int, int], b: st.DataObject) -> None:
    """Per (epoch, sender): what one sealed, no other opens, though nonces start at 0 for each."""
    other = b.draw(st.tuples(st.integers(1, 2**32 - 1), st.integers(1, 2**16 - 1)).filter(lambda pair: pair != a))
    fields = header(Delivery.LATEST, Stream.BEACON, a[1])
    assert Sealer(secret, *a).seal(fields, b"same") != Sealer(secret, *other).seal(fields, b"same")


def test_a_failed_seal_does_not_give_its_number_away_again() -> None:
    sealer = Sealer(b"k" * 32, 1, 1)
    fields = header(Delivery.LATEST, Stream.BEACON, 1)
    with pytest.raises((WireError, ValueError, TypeError)):
        sealer.seal(fields, "text")  # type: ignore[arg-type]
    assert unpack(sealer.seal(fields, b"x")).seq == 1
