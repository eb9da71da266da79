"""Exported logs made in memory, and what a forger does to them."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from wire import merkle
from wire.merkle import Frontier
from wire.tokens import SigningKey, canonical
from wire.trail import form
from wire.trail.form import Row
from wire.trail.signed import Checkpoint, Pruned

ISSUER = "http://localhost:8080"
KEY, OTHER_KEY = (SigningKey(ec.derive_private_key(number, ec.SECP256R1())) for number in (7, 8))
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def column_values(number: int, organization: str) -> dict[str, str | None]:
    return {
        "action": "operator.changed",
        "actor_id": "opr_alice",
        "actor_type": "operator",
        "id": f"evt_{organization[-1]}{number:04}",
        "organization_id": organization,
        "target_id": f"opr_{number}",
        "target_type": "operator",
    }


def row_of(number: int, organization: str = "org_a", time: datetime | None = None, **changes: Any) -> Row:
    salt = random.Random(number).randbytes(form.SALT_BYTES)
    details = canonical({"actor_name": "Alice", "data": {"number": number, "text": 'a ,"salt":"b'}})
    digest = form.details_digest(salt, details)
    columns = column_values(number, organization) | changes
    line = form.line_bytes(columns, time or START + timedelta(seconds=number), digest)
    return Row(merkle.leaf_hash(line), number, line, salt, details)


class Log:
    """A log that grows, is signed and exported as the server does it."""

    def __init__(self, organization: str = "org_a", key: SigningKey = KEY, keys: Sequence[SigningKey] = ()) -> None:
        self.organization, self.key = organization, key
        self.keys = [*keys, key]
        self.rows: list[bytes] = []
        self.past: list[bytes] = []
        self.tree = Frontier()
        self.signed: dict[int, str] = {}
        self.trees: dict[int, Frontier] = {}

    def add(self, *rows: Row) -> "Log":
        for row in rows:
            self.tree.append(row.leaf)
            self.rows.append(form.row(row))
        return self

    def sign(self, time: datetime | None = None) -> str:
        size = self.tree.size
        when = time or START + timedelta(seconds=size)
        checkpoint = Checkpoint(ISSUER, self.organization, size, self.tree.root(), form.written(when))
        self.signed[size] = checkpoint.signed(self.key)
        self.trees[size] = self.tree.copy()
        self.rows.append(form.checkpoint_row(self.signed[size], self.tree.nodes))
        return self.signed[size]

    def header(self) -> bytes:
        keys = {"keys": [key.public_jwk for key in self.keys]}
        organization = {"id": self.organization, "code": "acme", "name": "Acme"}
        return form.header_row(organization, ISSUER, keys, START + timedelta(days=1), self.tree.size)

    def file(self) -> list[bytes]:
        return [self.header(), *self.past, *self.rows, form.end_row(self.tree.size)]


def log_of(batches: Sequence[int], **options: Any) -> Log:
    """A log whose checkpoints come after so many lines each."""
    log, number = Log(**options), 0
    for count in batches:
        for _ in range(count):
            log.add(row_of(number, log.organization))
            number += 1
        log.sign()
    return log


def pruned(log: Log, size: int, witnessed: Sequence[int] = (), before: Sequence[int] = ()) -> Log:
    """The same log after its first `size` lines were deleted; `before` are sizes of earlier prunings."""
    leaves = [read.leaf for raw in log.rows if (read := form.read_row(raw))]

    def known(start: int, end: int) -> bytes | None:
        return leaves[start] if end - start == 1 else None

    def proof(old: int, new: int) -> list[bytes]:
        return [merkle.range_hash(*one, known) for one in merkle.consistency_path(old, new)]

    stops = [*before, size]
    for at, old in [(one, "pruned") for one in stops] + [(one, "witnessed") for one in witnessed]:
        following = [stop for stop in stops if stop > at or (old == "witnessed" and stop == at)]
        steps = proof(at, following[0]) if following else []
        if old == "witnessed":
            signed = log.signed[at]
        else:
            tree = Frontier()
            for leaf in leaves[:at]:
                tree.append(leaf)
            time = form.written(START)
            signed = Pruned(ISSUER, log.organization, tree, time, time).signed(log.key)
        log.past.append(form.past_row(old, signed, steps))
    order = {raw: (size_in(raw), raw.startswith(form.PRUNED)) for raw in log.past}
    log.past.sort(key=lambda raw: order[raw])
    kept = []
    for raw in log.rows:
        read = form.read_row(raw)
        if (read is not None and read.position >= size) or (read is None and size_in(raw) > size):
            kept.append(raw)
    log.rows = kept
    return log


def size_in(raw: bytes) -> int:
    """The size that a signed line of the file is about."""
    from wire import tokens  # noqa: PLC0415

    signed = next(iter(json.loads(raw).values()))
    return int(tokens.unverified_claims(signed)["size"])
