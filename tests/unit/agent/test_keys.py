"""Keys of a session: who holds which, when they change, and that old ones are gone (docs/protocol.md 4 and 9)."""

import gc
import weakref
from typing import Any

import pytest

from agent.host import epochs as host_epochs
from agent.host.events import ConsentNeeded, DigitsNeeded, Unfit
from agent.viewer import events
from agent.viewer.sync import State
from tests.support.session import End, Session, entropy, introduction
from wire import nonces
from wire.association import Pair
from wire.errors import Forged
from wire.handshake import SUITE_HYBRID, SUITE_X25519
from wire.header import Delivery, Stream, header, split_frame, unpack
from wire.limits import EPOCH_SECONDS, MAX_KEY_MESSAGES, RESUME_SECONDS
from wire.messages import screen
from wire.proof import Signer
from wire.seal import Opener, Sealer
from wire.statement import Demands


def epoch_of(session: Session) -> int:
    """The number of the newest epoch key in use."""
    sealer: Sealer | None = session.host.core._epochs._sealer
    assert sealer is not None
    return sealer.number


def accepted() -> tuple[Session, End]:
    session = Session()
    return session, session.accepted(session.viewer())


# ---- suites and demands


def test_both_ends_use_the_hybrid_suite_when_they_have_it() -> None:
    session, viewer = accepted()
    pair, peer = viewer.core._pair, session.host.core._peers.get(2)
    assert pair is not None
    assert (pair.suite, peer.pair.suite) == (SUITE_HYBRID, SUITE_HYBRID)


@pytest.mark.parametrize("side", ["host", "viewer"])
def test_pq_required_is_never_downgraded(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One end without ML-KEM: nothing is agreed, and both people are told why."""
    old = "agent.host.verification.suites" if side == "host" else "wire.handshake.suites"
    session = Session(demands=Demands(pq_required=True))
    viewer = session.viewer()
    session.connect(session.host)
    if side == "viewer":
        viewer.core._parties = type(viewer.core._parties)(viewer.core._parties.statement, 1, 2)  # one that does not ask
    monkeypatch.setattr(old, lambda: bytes([SUITE_X25519]))
    session.connect(viewer)
    session.settle()
    assert viewer.of(events.Impossible)[-1].why == "pq-required"
    assert session.host.of(Unfit) == [Unfit(2, "pq_required")]
    assert session.consent.state.value == "waiting"
    assert not viewer.of(events.Digits)


def test_a_viewer_that_cannot_do_what_is_demanded_does_not_even_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(demands=Demands(pq_required=True))
    viewer = session.viewer()
    monkeypatch.setattr("wire.handshake.suites", lambda: bytes([SUITE_X25519]))
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    assert viewer.of(events.Impossible)[-1].why == "pq-required"


@pytest.mark.parametrize(("link", "wanted", "digits"), [(b"k" * 16, "digits", True), (b"k" * 16, "link", False)])
def test_the_statement_says_how_it_is_verified(link: bytes, wanted: Any, digits: bool) -> None:
    session = Session(link=link, demands=Demands(verification=wanted))
    viewer = session.viewer(link=link)
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    assert (viewer.of(events.Digits)[-1].digits is not None) is digits


def test_a_code_does_not_do_where_a_link_is_demanded() -> None:
    session = Session(demands=Demands(verification="link"))
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    assert viewer.of(events.Impossible)[-1].why == "verification"
    assert session.host.of(Unfit) == [Unfit(2, "method_not_allowed")]


# ---- introductions


def meet(**instead: Any) -> tuple[Session, End]:
    """A host and viewer 3, whom the statement does not name."""
    session = Session()
    viewer = session.viewer(3, **instead)
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    return session, viewer


def test_the_question_has_the_word_of_the_api() -> None:
    session, viewer = meet(introduction=introduction(3, purpose="transfer", features=["chat"]))
    [asked] = session.host.of(DigitsNeeded)
    assert (asked.introduction.operator, asked.introduction.purpose) == ("Operator 3", "transfer")
    session.type_digits(session.digits_of(viewer))
    [question] = session.host.of(ConsentNeeded)
    assert question.introduction == asked.introduction


def test_the_named_viewer_needs_no_introduction() -> None:
    session = Session()
    session.accepted(session.viewer())
    assert session.host.of(ConsentNeeded)[-1].introduction is None


@pytest.mark.rule("R15")
@pytest.mark.parametrize(
    "word",
    ["", "not.a.token", introduction(4), introduction(3, aud="ses_other"), introduction(3, iat=1, exp=2)],
    ids=["none", "nonsense", "another participant's", "another session's", "expired"],
)
def test_lying_introductions_do_not_lead_to_a_question(word: str) -> None:
    session, viewer = meet(introduction=word)
    assert viewer.of(events.Impossible)[-1].why == "not-introduced"
    assert session.host.of(Unfit) == [Unfit(3, "not_introduced")]
    assert not session.host.of(DigitsNeeded)
    session.now += 2
    viewer.core.verify_again(session.now)
    session.settle()
    assert len(session.host.of(Unfit)) == 1, "told once, however often it comes"


# ---- epochs


@pytest.mark.rule("R22")
def test_old_epoch_keys_are_gone_from_host_and_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a new epoch nothing in the process can open what was sealed before."""
    session, viewer = accepted()
    old = epoch_of(session)
    sealer, opener = weakref.ref(session.host.core._epochs._sealer), weakref.ref(viewer.core.picture.openers[old])
    session.now += EPOCH_SECONDS + 1
    viewer.core.connected(session.now)  # it was there all the time
    for peer in session.host.core._peers:
        peer.seen = session.now
    session.draw(1)
    session.advance(3)
    assert epoch_of(session) > old
    gc.collect()
    assert sealer() is None
    assert opener() is None
    assert session.same(viewer)


@pytest.mark.rule("R18")
def test_worn_keys_are_replaced_before_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    session, viewer = accepted()
    before, pair = epoch_of(session), viewer.core._pair
    monkeypatch.setattr(nonces, "SPARE_MESSAGES", MAX_KEY_MESSAGES - 1)
    session.advance(0.25)
    monkeypatch.undo()
    for x in range(8):
        session.draw(x, bytes([x + 1, 2, 3, 255]))
        session.advance(1)
    assert epoch_of(session) > before
    assert viewer.core._pair is not pair
    assert viewer.core._pair is not None
    assert not viewer.of(events.Unproved)
    assert session.same(viewer)


@pytest.mark.rule("R22")
def test_an_hour_a_leave_and_a_resume_each_bring_a_new_epoch() -> None:
    session, viewer = accepted()
    numbers = [epoch_of(session)]
    session.host.core._epochs._since -= EPOCH_SECONDS
    session.advance(1)
    numbers.append(epoch_of(session))
    secret = viewer.core.resume_secret
    session.disconnect(viewer)
    again = session.viewer(resume=secret)
    session.connect(again)
    session.settle()
    numbers.append(epoch_of(session))
    assert numbers == sorted(set(numbers))
    session.host.core.remove(2, session.now)
    session.settle()
    assert session.host.core._epochs._sealer is None, "nobody is left: nothing is sealed"


@pytest.mark.rule("R22")
def test_a_viewer_that_stays_away_loses_what_it_was_granted() -> None:
    """15 minutes without a sealed message of one viewer are its leave, also while others go on."""
    session, viewer = accepted()
    peer = session.host.core._peers.get(2)
    other = session.host.core._peers.here(9)
    other.phase, other.pair, other.seen = peer.phase, peer.pair, session.now + RESUME_SECONDS + 5
    session.disconnect(viewer)
    before = epoch_of(session)
    session.now += RESUME_SECONDS + 1
    session.host.core.tick(session.now)
    assert peer.secret is None
    assert peer.pair is None
    assert epoch_of(session) > before


@pytest.mark.rule("R21")
def test_a_ghost_without_approval_has_no_key() -> None:
    """A second viewer in the room, verified by nobody: it was sent nothing that it could open."""
    session, viewer = accepted()
    ghost = session.viewer(3)
    session.connect(ghost)
    session.advance(3)
    assert ghost.core.picture.openers == {}
    assert ghost.core.picture.sync.picture == 0
    assert session.same(viewer)
    with pytest.raises(KeyError):
        ghost.core.picture.openers[epoch_of(session)]


# ---- beacons


def evil_beacon(session: Session, viewer: End, signer: Signer, picture: int) -> bytes:
    """What an approved viewer, who holds the epoch key, could send another with the help of the relay."""
    epochs: host_epochs.Epochs = session.host.core._epochs
    sealer = epochs._sealer
    assert sealer is not None
    said = screen.Beacon(10_000, int(session.now * 1000), picture, session.host.core.stream.group)
    body = signer.beacon(said, viewer.core._parties.statement, 1, sealer.number)
    return sealer.seal(header(Delivery.LATEST, Stream.BEACON, 1), body)


@pytest.mark.rule("R20")
def test_evil_viewer_cannot_forge_a_beacon_for_another() -> None:
    session, viewer = accepted()
    session.advance(2)
    forged = evil_beacon(session, viewer, Signer(entropy("evil")(32)), 99)
    opener = viewer.core.picture.openers[epoch_of(session)]
    assert opener.open(unpack(forged), forged), "under the epoch key itself it opens"
    assert viewer.core.frame(len(forged).to_bytes(4, "big") + forged, session.now) == []
    assert viewer.core.picture.freshness._announced != 99
    session.advance(2)
    assert viewer.core.picture_age(session.now) < 2


@pytest.mark.rule("R20")
def test_evil_viewer_cannot_forge_a_picture_for_another() -> None:
    """A picture that fits, sealed under the right epoch key, but not the host's: found within the next beacon."""
    session, viewer = accepted()
    session.advance(2)
    stream = session.host.core.stream
    shown, chain = stream.picture, stream.chain
    evil = bytearray(session.pixels)
    evil[:4] = b"\xff\x00\xff\xff"
    pixels, session.pixels = session.pixels, evil
    session.show()
    session.advance(0.25)
    assert session.same(viewer), "it is shown at first"
    session.pixels = pixels
    stream.picture, stream.chain = shown + 1, chain  # the host knows nothing of it
    session.advance(2)
    assert viewer.of(events.PictureFalse)
    assert viewer.core.picture.sync.state is State.SYNC, "another catch-up came"
    assert session.same(viewer)


@pytest.mark.rule("R20")
def test_stale_frozen_relay_is_noticed_and_input_refused() -> None:
    """The relay goes on answering, but keeps back beacons and pictures."""
    session, viewer = accepted()
    session.advance(2)
    assert viewer.core.picture_age(session.now) < 2
    kept = {Stream.BEACON, Stream.SCREEN}

    def freeze(to: int, frame: bytes) -> list[bytes]:
        return [] if to == 2 and unpack(split_frame(frame)[0]).stream in kept else [frame]

    session.tamper = freeze
    session.draw(5)
    session.advance(6)
    ages = [event.seconds for event in viewer.of(events.PictureAge)]
    assert ages == [3, 4, 5, 6] or ages == [3, 4, 5]
    assert not viewer.core.send([], session.now)
    session.tamper = lambda _to, frame: [frame]
    session.advance(6)
    assert viewer.of(events.PictureAge)[-1].seconds == 0
    assert session.same(viewer)


@pytest.mark.rule("R20")
def test_replayed_beacons_do_not_make_a_picture_young() -> None:
    session, viewer = accepted()
    session.advance(2)
    seen: list[bytes] = []

    def replay(to: int, frame: bytes) -> list[bytes]:
        if to != 2 or unpack(split_frame(frame)[0]).stream not in {Stream.BEACON, Stream.SCREEN}:
            return [frame]
        seen.append(frame)
        return [seen[0]]

    session.tamper = replay
    session.advance(5)
    assert viewer.core.picture_age(session.now) > 3


@pytest.mark.rule("R20")
def test_stale_picture_stays_as_old_as_it_is_after_a_reconnect() -> None:
    """Another connection, or other keys, do not make young what is still the same picture."""
    session, viewer = accepted()
    session.advance(2)
    session.disconnect(viewer)
    session.advance(30)
    withheld = {Stream.BEACON, Stream.SCREEN}
    session.tamper = lambda to, frame: [] if to == 2 and unpack(split_frame(frame)[0]).stream in withheld else [frame]
    session.connect(viewer)
    session.advance(1)
    assert viewer.core.picture_age(session.now) > 30
    session.host.core._peers.get(2).pair = None  # its keys are worn
    session.disconnect(viewer)
    session.connect(viewer)
    session.advance(2)
    assert viewer.core._welcomed
    assert viewer.core.picture_age(session.now) > 30
    session.tamper = lambda _to, frame: [frame]
    session.advance(6)
    assert viewer.core.picture_age(session.now) < 2


@pytest.mark.rule("R22")
def test_a_new_epoch_says_the_newest_of_every_slot_again() -> None:
    session, viewer = accepted()
    epochs: host_epochs.Epochs = session.host.core._epochs
    epochs.latest(Stream.CURSOR, 0, b"arrow")
    epochs.latest(Stream.CURSOR, 0, b"hand")
    session.advance(2)
    assert viewer.core.picture_age(session.now) < 2, "what was said and what came are the same"
    epochs.renew(session.host.core._peers.accepted(), session.now)
    session.draw(3)
    session.advance(2)
    assert viewer.core.picture.slots.digest() == epochs._slots.digest()
    assert viewer.core.picture_age(session.now) < 2


@pytest.mark.rule("R20")
def test_stale_slots_kept_back_by_the_relay_count_as_age() -> None:
    session, viewer = accepted()

    def withhold(to: int, frame: bytes) -> list[bytes]:
        return [] if to == 2 and unpack(split_frame(frame)[0]).stream == Stream.CURSOR else [frame]

    session.tamper = withhold
    session.host.core._epochs.latest(Stream.CURSOR, 0, b"arrow")
    session.advance(6)
    assert viewer.core.picture_age(session.now) > 3


# ---- record keys


def test_a_pair_keeps_no_secret_of_its_association() -> None:
    session, _ = accepted()
    peer = session.host.core._peers.get(2)
    assert isinstance(peer.pair, Pair)
    secrets = [value for value in vars(peer.pair).values() if isinstance(value, bytes) and len(value) == 32]
    assert secrets == [peer.pair.signer], "a public key"


@pytest.mark.rule("R22")
def test_the_old_epoch_key_does_not_open_the_new_epoch() -> None:
    old, new = Sealer(b"o" * 32, 1, 1), Sealer(b"n" * 32, 2, 1)
    fields = header(Delivery.FRAME, Stream.SCREEN, 1)
    old.seal(fields, b"x")
    message = new.seal(fields, b"x")
    with pytest.raises(Forged):
        Opener(b"o" * 32, 1, 1).open(unpack(message), message)
