"""One session on this relay: who is connected, and who gets what (docs/protocol.md 7 and 8).

Pure: no socket, no clock. The shell hands in frames and the time, and carries out what comes back: actions, and the
members in `ready`, for whom `take` has something to write.
"""

from relay.actions import Action, Bury, CloseCode, CloseMember, Fact, Tell
from relay.counters import Counters
from relay.member import Member
from relay.messages import Message, parse_frame, parse_message
from relay.outbox import Batch
from relay.permissions import Drop, Role, check
from relay.policies import Policy, narrowest
from relay.retained import Retained
from wire.header import Delivery
from wire.messages import relay as texts

_PAUSES = {"paused": Fact.PAUSED, "resumed": Fact.RESUMED}


class Room:
    """The participants of one session and what is on its way between them."""

    def __init__(self, session: str, counters: Counters) -> None:
        self.session = session
        self.members: dict[int, Member] = {}
        self.host: Member | None = None
        self.epoch = 0
        """Taken from the host's messages for all; never falls while anybody is here."""
        self.active_since: float | None = None
        """When the host first let a viewer in."""
        self.ready: set[Member] = set()
        """Members that something was queued for since the shell last looked."""
        self.watched: set[Member] = set()
        """Members whose queues can come over a limit by waiting."""
        self.policy: Policy | None = None
        """The newest that narrows what the tickets say."""
        self._retained = Retained()
        self._seen: set[int] = set()
        """Everybody who was ever here."""
        self._count = counters

    # People

    def join(self, member: Member, now: float) -> list[Action]:
        """A participant connected; an older connection of it is replaced."""
        old = self.members.pop(member.sender, None)
        actions = self._replace(old, now) if old else []
        self.members[member.sender] = member
        self._seen.add(member.sender)
        if member.role is Role.HOST:
            self._host_joined(member, now)
        self._welcome(member)
        if self.policy:
            member.hold(self.policy.features)
            self._text(member, texts.policy(self.policy.token))
        for other in self._others(member):
            self._text(other, texts.joined(member.sender, member.role.value, member.side))
        for message in self._retained.for_member(member):
            self._queue(member, message, now)
        self._count.joins += 1
        return [*actions, Tell(Fact.JOINED, self.session, member.sender)]

    def leave(self, member: Member, now: float) -> list[Action]:
        """A connection is gone; nothing happens if it had been replaced."""
        if self.members.get(member.sender) is not member:
            return []
        del self.members[member.sender]
        self._forget(member)
        for other in self._others(member):
            self._text(other, texts.left(member.sender))
        return [member.usage(now, Fact.LEFT)]

    def end(self, by: str, reason: str, now: float) -> list[Action]:
        """The session is over for everybody here."""
        actions: list[Action] = [Bury(self.session, None, by, reason)]
        for member in list(self.members.values()):
            self._text(member, texts.ended(by, reason))
            actions += [member.usage(now, Fact.LEFT), CloseMember(member, CloseCode.ENDED)]
            self._forget(member)
        self.members.clear()
        return actions

    def narrow(self, policy: Policy) -> None:
        """Hold a policy as far as it can be seen from here, and hand it to everybody."""
        self.policy = policy
        for member in self.members.values():
            member.hold(policy.features)
            self._text(member, texts.policy(policy.token))

    def send_out(self, sender: int, by: str, now: float) -> list[Action]:
        """Close a participant and refuse it from now on; the others hear that it left."""
        member = self.members.get(sender)
        self._retained.drop_participant(sender)
        gone = self._drop_member(member, CloseCode.KICKED, now) if member else []
        return [Bury(self.session, sender, by, "kicked"), *gone]

    def drain(self) -> None:
        """Tell everybody to go on to the next relay."""
        for member in self.members.values():
            self._text(member, texts.drain())

    @property
    def limit_seconds(self) -> float | None:
        """The shortest of the participants' longest sessions and the policy's."""
        longest = self.policy.seconds if self.policy else None
        return narrowest(longest, *(member.limit_seconds for member in self.members.values()))

    # Frames

    def receive(self, member: Member, frame: bytes | memoryview, now: float) -> list[Action]:
        """A BINARY frame. Raises `WireError` when its sender must be closed with the error's close code."""
        self.count_in(member, len(frame), 0)
        actions: list[Action] = []
        for message in parse_frame(frame, now):
            self._count.messages_in += 1
            self._take_in(member, message, now, actions)
        return actions

    def forward(self, member: Member, message: bytes, now: float) -> list[Action]:
        """One message of a frame that was counted and found whole. Raises `WireError` likewise."""
        actions: list[Action] = []
        self._take_in(member, parse_message(message, now), now, actions)
        return actions

    def forward_to(self, targets: list[Member], message: bytes, now: float) -> None:
        """A message for all that was allowed, to those of them for whom something waits already."""
        parsed = parse_message(message, now)
        for target in targets:
            self._queue(target, parsed, now)

    def count_in(self, member: Member, size: int, messages: int) -> None:
        """What a member sent."""
        member.bytes_in += size
        self._count.bytes_in += size
        self._count.messages_in += messages

    def count_out(self, member: Member, size: int, messages: int) -> None:
        """What was written to a member."""
        member.bytes_out += size
        self._count.bytes_out += size
        self._count.messages_out += messages

    def receive_text(self, member: Member, frame: bytes, now: float) -> list[Action]:
        """A TEXT frame: hosts admit, kick, pause and end; anything else is counted and dropped. Raises `WireError`."""
        text = texts.decode(frame)
        if member.role is not Role.HOST or text["type"] not in texts.FROM_HOST:
            self._count.dropped["text"] += 1
            return []
        if text["type"] == "admit":
            return self._admit(texts.sender_of(text), now)
        if text["type"] == "kick":
            return self._kick(member, texts.sender_of(text), now)
        if text["type"] in _PAUSES:
            return [Tell(_PAUSES[text["type"]], self.session, member.sender)]
        reason, by = texts.reason_of(text), texts.by_of(text, member.side)
        return [Tell(Fact.ENDED, self.session, by=by, reason=reason), *self.end(by, reason, now)]

    def take(self, member: Member, budget: int, now: float) -> Batch:
        """What to write to a member next; see `Outbox.take`."""
        batch = member.outbox.take(budget, now)
        self.count_out(member, sum(map(len, batch.messages)), len(batch.messages))
        self._tell_behind(member, now)
        if not len(member.outbox) and not member.outbox.pictures.tells_host:
            self.watched.discard(member)
        return batch

    def tick(self, now: float) -> list[Action]:
        """Apply the limits that pass with time."""
        actions: list[Action] = []
        for member in list(self.watched):
            self._check_pictures(member, now)
            if member.outbox.too_slow(now):
                actions += self._drop_member(member, CloseCode.SLOW, now)
            else:
                self._tell_behind(member, now)
        return actions

    # What a host asks for

    def _admit(self, sender: int, now: float) -> list[Action]:
        viewer = self._viewer(sender)
        if viewer is None:
            return []
        viewer.outbox.pictures.admit(now)
        self._wake(viewer)
        if self.active_since is None:
            self.active_since = now
        first, viewer.admitted = not viewer.admitted, True
        return [Tell(Fact.ADMITTED, self.session, sender)] if first else []

    def _kick(self, host: Member, sender: int, now: float) -> list[Action]:
        if sender == host.sender or sender not in self._seen:
            return []
        return self.send_out(sender, host.side, now)

    # Forwarding

    def _take_in(self, member: Member, message: Message, now: float, actions: list[Action]) -> None:
        drop = self._forward(member, message, now, actions)
        if drop:
            self._count.dropped[drop] += 1

    def _forward(self, member: Member, message: Message, now: float, actions: list[Action]) -> Drop | None:
        drop = check(
            message.header, member.sender, member.role, self.host.sender if self.host else None, member.not_for
        )
        if drop is None and message.for_all:
            self._follow_epoch(message.header.epoch)
        if drop is None and message.delivery is Delivery.LATEST:
            drop = self._check_latest(member, message)
        if drop:
            return drop
        targets = self._targets(member, message)
        for target in targets:
            drop = drop or self._queue(target, message, now)
            if message.delivery is Delivery.ORDERED and target.outbox.too_slow(now):
                actions += self._drop_member(target, CloseCode.SLOW, now)
        return drop if targets or message.for_all else Drop.ABSENT

    def _targets(self, member: Member, message: Message) -> list[Member]:
        if member.role is Role.VIEWER:
            return [self.host] if self.host else []
        if message.for_all:
            return [other for other in self.members.values() if other is not member]
        viewer = self._viewer(message.header.recipient)
        return [viewer] if viewer else []

    def _queue(self, member: Member, message: Message, now: float) -> Drop | None:
        outbox = member.outbox
        replaced, cuts, shed = outbox.replaced, outbox.pictures.cuts, outbox.pictures.shed
        queued = outbox.put(message, now)
        self._count.replaced_latest += outbox.replaced - replaced
        self._count.cuts += outbox.pictures.cuts - cuts
        self._count.shed += outbox.pictures.shed - shed
        self._wake(member)
        return Drop.FULL if not queued and message.delivery is Delivery.LATEST else None

    def _check_latest(self, member: Member, message: Message) -> Drop | None:
        if not member.may_use_slot(message.header.stream, message.header.slot):
            return Drop.SLOTS
        if message.for_all and message.header.epoch < self.epoch:
            return Drop.STALE
        if message.retained:
            self._retained.keep(message)
        return None

    def _follow_epoch(self, epoch: int) -> None:
        if epoch <= self.epoch:
            return
        self.epoch = epoch
        self._retained.drop_epochs_before(epoch)
        for member in self.members.values():
            member.outbox.drop_epochs_before(epoch)

    # Upkeep

    def _check_pictures(self, member: Member, now: float) -> None:
        pictures = member.outbox.pictures
        cuts, shed = pictures.cuts, pictures.shed
        pictures.check_limits(now)
        self._count.cuts += pictures.cuts - cuts
        self._count.shed += pictures.shed - shed

    def _tell_behind(self, member: Member, now: float) -> None:
        if self.host and member.outbox.pictures.behind(now):
            self._count.behind += 1
            self._text(self.host, texts.behind(member.sender))

    def _host_joined(self, host: Member, now: float) -> None:
        self.host = host
        for member in self.members.values():
            member.outbox.pictures.host_joined(now)
            self._wake(member)

    def _welcome(self, member: Member) -> None:
        others = [other.present for other in self._others(member)]
        self._text(member, texts.welcome(self.session, member.sender, member.role.value, others, member.relays))

    def _others(self, member: Member) -> list[Member]:
        """Who hears of a member and is heard of by it: all viewers for the host, only the host for a viewer."""
        if member.role is Role.HOST:
            return [other for other in self.members.values() if other is not member]
        return [self.host] if self.host else []

    def _viewer(self, sender: int) -> Member | None:
        member = self.members.get(sender)
        return member if member and member.role is Role.VIEWER else None

    def _text(self, member: Member, text: texts.Text) -> None:
        member.outbox.put_text(texts.encode(text))
        self._wake(member)

    def _wake(self, member: Member) -> None:
        """Its queues changed: nothing goes past them until the shell has looked."""
        if member.way is not None:
            member.way.open = False
        self.ready.add(member)
        self.watched.add(member)

    def _drop_member(self, member: Member, code: CloseCode, now: float) -> list[Action]:
        return [CloseMember(member, code), *self.leave(member, now)]

    def _replace(self, old: Member, now: float) -> list[Action]:
        """Nobody is told that the old connection left: its participant is still here."""
        self._forget(old)
        return [old.usage(now), CloseMember(old, CloseCode.REPLACED)]

    def _forget(self, member: Member) -> None:
        self.ready.discard(member)
        self.watched.discard(member)
        if self.host is member:
            self.host = None
