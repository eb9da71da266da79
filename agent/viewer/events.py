"""What happens in a viewer's session, for whoever shows it."""

from dataclasses import dataclass, field

from wire.messages.chat import Line
from wire.messages.picture import Rectangle


@dataclass(frozen=True, slots=True)
class HostHere:
    """The customer's side is connected to the relay."""


@dataclass(frozen=True, slots=True)
class HostAway:
    """The customer's connection is lost; it may come back."""


@dataclass(frozen=True, slots=True)
class Digits:
    """Read these out; None when the join link made them unnecessary."""

    digits: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """The customer typed the right digits and is now asked."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody else is being verified; the host calls when it is our turn."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The verification starts anew: wrong digits, or a broken handshake."""

    problem: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The customer said yes."""

    grants: frozenset[str]
    host: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unproved:
    """What runs the other end cannot prove that it is the customer any more: `verify_again` when the operator wants to."""


@dataclass(frozen=True, slots=True)
class DigitsWanted:
    """We are the customer: have them type the six digits that the operator reads out; `attempt` counts from 1."""

    attempt: int


@dataclass(frozen=True, slots=True)
class ConsentWanted:
    """We are the customer, and it is proved who shows their screen: ask whether to look on."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What we may do has changed."""

    grants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose mouse and keyboard count now: the ``host``'s own person's, or the ``viewer``'s."""

    who: str


@dataclass(frozen=True, slots=True)
class Said:
    """A chat message, passed on by the host; `mine` when we wrote it: now everybody has it."""

    line: Line
    mine: bool


@dataclass(frozen=True, slots=True)
class NotSaid:
    """The host did not take our message."""

    line: Line


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture changed in these rectangles."""

    picture: int
    rectangles: list[Rectangle]


@dataclass(frozen=True, slots=True)
class Paused:
    """The customer paused (or went on)."""

    paused: bool


@dataclass(frozen=True, slots=True)
class PictureAge:
    """For so many seconds nobody vouched for what is shown; 0 once it is current again. Told each time it changes."""

    seconds: int


@dataclass(frozen=True, slots=True)
class PictureFalse:
    """Something that was drawn is not what the customer's side signed: it is not trusted, and another picture is asked for."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """The two sides cannot come together, and trying again does not help: `pq-required`, `verification`,
    `not-introduced`, `statement-differs` or `suites` (texts: viewer.failed.…)."""

    why: str


@dataclass(frozen=True, slots=True)
class InputIgnored:
    """The host does not take our input: so many messages so far."""

    count: int


@dataclass(frozen=True, slots=True)
class MoveOn:
    """No beacon for 15 s: this relay does not carry the picture; try the next."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The organisation's policy left only these features, and perhaps so many seconds, while the session runs."""

    features: frozenset[str]
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over: by whom (operator, customer, administrator, system) and why."""

    by: str
    reason: str


Event = (
    HostHere
    | HostAway
    | Digits
    | Verified
    | Waiting
    | Retry
    | Accepted
    | Unproved
    | DigitsWanted
    | ConsentWanted
    | Granted
    | Holder
    | Said
    | NotSaid
    | Drawn
    | Paused
    | PictureAge
    | PictureFalse
    | Impossible
    | Narrowed
    | InputIgnored
    | MoveOn
    | Ended
)
