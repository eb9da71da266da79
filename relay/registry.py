"""All rooms of this relay: who may join, sessions that end, and the limits that pass with time. Pure."""

from relay.actions import Action, Bury, Fact, Tell
from relay.counters import Counters
from relay.limits import PARTICIPANTS_PER_ROOM
from relay.member import Member, RelayList
from relay.permissions import Role
from relay.policies import Policies, Policy
from relay.refusals import Refused
from relay.room import Room
from relay.tickets import Ticket
from relay.tombstones import Tombstones


class Registry:
    """Rooms by session id."""

    def __init__(self, counters: Counters | None = None) -> None:
        self.rooms: dict[str, Room] = {}
        self.tombstones = Tombstones()
        self.policies = Policies()
        self.counters = counters or Counters()
        self.relays: RelayList = ()
        """This relay's own id and address, for `welcome` to who brings no list."""

    @property
    def participants(self) -> int:
        """Everybody connected."""
        return sum(len(room.members) for room in self.rooms.values())

    def check(self, ticket: Ticket, wall: float) -> None:
        """Raise `Refused` if this participant may not join now."""
        stone = self.tombstones.find(ticket.session, ticket.sender, wall)
        if stone:
            raise Refused.gone(stone.by, stone.reason)
        room = self.rooms.get(ticket.session)
        if room is None or ticket.sender in room.members:
            return
        if ticket.role is Role.HOST and room.host:
            raise Refused.host_present()
        if len(room.members) >= PARTICIPANTS_PER_ROOM:
            raise Refused.full("this session has as many participants as it may have")

    def join(self, ticket: Ticket, now: float) -> tuple[Room, Member, list[Action]]:
        """Let a checked participant in."""
        room = self.rooms.get(ticket.session)
        if room is None:
            room = self.rooms[ticket.session] = Room(ticket.session, self.counters)
            room.policy = self.policies.find(ticket.session)
        relays = ticket.relays or self.relays
        member = Member(
            session=ticket.session,
            sender=ticket.sender,
            role=ticket.role,
            side=ticket.side,
            joined_at=now,
            limit_seconds=ticket.limit_seconds,
            relays=relays,
            mode=ticket.mode,
            features=ticket.features,
        )
        return room, member, room.join(member, now)

    def leave(self, room: Room, member: Member, now: float) -> list[Action]:
        """A connection is gone; an empty room is forgotten."""
        actions = room.leave(member, now)
        self.sweep(room)
        return actions

    def sweep(self, room: Room) -> None:
        """Forget a room that nobody is in."""
        if not room.members and self.rooms.get(room.session) is room:
            del self.rooms[room.session]

    def end(self, session: str, by: str, reason: str, now: float) -> list[Action]:
        """The api ended a session; without a room here only the tombstone is set."""
        room = self.rooms.get(session)
        if room is None:
            return [Bury(session, None, by, reason)]
        actions = room.end(by, reason, now)
        self.sweep(room)
        return actions

    def narrow(self, policy: Policy, wall: float) -> Room | None:
        """The api narrowed a session: the room it reached, or None without one here or when it is an older one."""
        if not self.policies.put(policy, wall):
            return None
        room = self.rooms.get(policy.session)
        if room:
            room.narrow(policy)
        return room

    def kick(self, session: str, sender: int, by: str, now: float) -> list[Action]:
        """The api sent one participant out; without a room here only the tombstone is set."""
        room = self.rooms.get(session)
        if room is None:
            return [Bury(session, sender, by, "kicked")]
        actions = room.send_out(sender, by, now)
        self.sweep(room)
        return actions

    def tick(self, now: float) -> list[Action]:
        """Limits that pass with time, in every room."""
        actions: list[Action] = []
        for room in list(self.rooms.values()):
            actions += room.tick(now)
            actions += self._end_if_too_long(room, now)
            self.sweep(room)
        return actions

    def usage(self, now: float) -> list[Tell]:
        """What every participant has used since the last time."""
        return [member.usage(now) for room in self.rooms.values() for member in room.members.values()]

    @staticmethod
    def _end_if_too_long(room: Room, now: float) -> list[Action]:
        limit = room.limit_seconds
        if limit is None or room.active_since is None or now - room.active_since < limit:
            return []
        ended = Tell(Fact.ENDED, room.session, by="system", reason="time_limit")
        return [ended, *room.end("system", "time_limit", now)]
