"""Bodies of the log's tree."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.kit.schema import View

ROOT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Hash = Annotated[str, Field(description="Hex.", examples=[ROOT])]
Proof = Annotated[
    list[str], Field(description="Hashes (hex) of RFC 9162, the nearest to the leaves first.", examples=[[ROOT]])
]


class CheckpointView(View):
    """How the log was, signed by the server: somebody outside who keeps it is a witness."""

    organization_id: str = Field(examples=["org_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    size: int = Field(description="Lines of the log, deleted ones included.", examples=[4711])
    root: Hash = Field(description="The root of the tree over them (RFC 9162), hex.")
    time: datetime
    fingerprint: str = Field(
        description="Of the key that signed it (RFC 7638), as in `/.well-known/jwks.json`.",
        examples=["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"],
    )
    checkpoint: str = Field(
        description="The same, signed (JWS, type `tasuki-checkpoint`): what `tasuki audit verify --witness` takes.",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
    )
    witnessed_at: datetime | None = Field(default=None, description="When it was sent out by mail or webhook.")


class ConsistencyView(View):
    """That the log only grew between two sizes."""

    old_size: int = Field(examples=[4000])
    new_size: int = Field(examples=[4711])
    old_root: Hash
    new_root: Hash
    proof: Proof


class InclusionView(View):
    """That a line is in the log, where a checkpoint says how the log was."""

    id: str = Field(examples=["evt_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    position: int = Field(description="Counted from 0.", examples=[17])
    line: str = Field(
        description="The canonical bytes of the line; its leaf's hash is SHA-256 of a zero byte and these.",
        examples=['{"action":"operator.created", …}'],
    )
    leaf: Hash
    proof: Proof
    checkpoint: CheckpointView
