"""What a server signs about a log: checkpoints, and the deletion of a beginning. Both are documents of `wire/tokens.py`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from wire import tokens
from wire.merkle import HASH_BYTES, Frontier
from wire.tokens import Jwk, SigningKey, TokenError, TokenMalformed
from wire.trail.form import is_size, read_hashes

VERSION: Final = 1
MAX_TEXT: Final = 256
FIRST_YEAR: Final = 1970
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
_HASH = re.compile(f"[0-9a-f]{{{2 * HASH_BYTES}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """At `time` the log of this organisation had `size` lines, and over them this root (RFC 9162, 2.1.1)."""

    issuer: str
    organization_id: str
    size: int
    root: bytes
    time: str

    def signed(self, key: SigningKey) -> str:
        """The compact form, which a person can keep and paste."""
        document = {
            "version": VERSION,
            "issuer": self.issuer,
            "organization_id": self.organization_id,
            "size": self.size,
            "root": self.root.hex(),
            "time": self.time,
        }
        return tokens.sign_document(key, tokens.CHECKPOINT, document)

    @classmethod
    def verified(cls, signed: str, keys: Mapping[str, Jwk]) -> Self:
        """What one of `keys` signed; TokenError otherwise."""
        return cls._of(tokens.verify_document(signed, keys, tokens.CHECKPOINT))

    @classmethod
    def unverified(cls, signed: str) -> Self:
        """What it says, *not verified*; TokenError when it is no checkpoint."""
        if tokens.unverified_type(signed) != tokens.CHECKPOINT:
            raise TokenMalformed("this is no checkpoint of an audit log")
        return cls._of(tokens.unverified_claims(signed))

    @classmethod
    def _of(cls, found: dict[str, Any]) -> Self:
        members = {"version", "issuer", "organization_id", "size", "root", "time"}
        if set(found) != members or not _common(found) or not _is_hash(found["root"]):
            raise TokenMalformed("this is no checkpoint of a form that is known here")
        root = bytes.fromhex(found["root"])
        return cls(found["issuer"], found["organization_id"], found["size"], root, found["time"])


@dataclass(frozen=True, slots=True)
class Pruned:
    """At `time` the first `frontier.size` lines, all older than `before`, were deleted; the rest grows on the frontier."""

    issuer: str
    organization_id: str
    frontier: Frontier
    before: str
    time: str

    @property
    def size(self) -> int:
        """How many lines are gone, from the first on."""
        return self.frontier.size

    def signed(self, key: SigningKey) -> str:
        """The compact form."""
        document = {
            "version": VERSION,
            "issuer": self.issuer,
            "organization_id": self.organization_id,
            "size": self.frontier.size,
            "frontier": [node.hex() for node in self.frontier.nodes],
            "before": self.before,
            "time": self.time,
        }
        return tokens.sign_document(key, tokens.PRUNED, document)

    @classmethod
    def verified(cls, signed: str, keys: Mapping[str, Jwk]) -> Self:
        """What one of `keys` signed; TokenError otherwise."""
        found = tokens.verify_document(signed, keys, tokens.PRUNED)
        members = {"version", "issuer", "organization_id", "size", "frontier", "before", "time"}
        nodes = read_hashes(found.get("frontier"))
        if set(found) != members or not _common(found) or not _is_time(found["before"]) or nodes is None:
            raise TokenMalformed("this is no prune marker of a form that is known here")
        try:
            frontier = Frontier(found["size"], nodes)
        except ValueError as error:
            raise TokenMalformed("the frontier of the prune marker does not fit its size") from error
        return cls(found["issuer"], found["organization_id"], frontier, found["before"], found["time"])


def _common(found: dict[str, Any]) -> bool:
    texts = all(
        isinstance(found[name], str) and 0 < len(found[name]) <= MAX_TEXT for name in ("issuer", "organization_id")
    )
    return texts and found["version"] == VERSION and is_size(found["size"]) and _is_time(found["time"])


def _is_time(value: object) -> bool:
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        return datetime.fromisoformat(value).year >= FIRST_YEAR
    except ValueError:
        return False


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


__all__ = ["Checkpoint", "Pruned", "TokenError"]
