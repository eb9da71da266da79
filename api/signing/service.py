"""Loading and making signing keys."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.db import lock_installation
from api.kit.clock import Clock
from api.kit.sealing import Sealer
from api.signing import repository
from api.signing.models import StoredKey
from api.signing.signer import Signer
from wire.tokens import SigningKey

PURPOSE = "signing key"


async def load_keys(db: AsyncSession, signer: Signer, sealer: Sealer, clock: Clock) -> None:
    """Fill the signer from the database; the first start makes the first key."""
    await lock_installation(db)
    stored = list(await repository.all_keys(db))
    if not stored:
        stored.append(_make(sealer, clock))
        db.add(stored[0])
        await db.flush()
    newest = stored[-1]
    private = SigningKey.from_pem(sealer.open(PURPOSE, newest.kid, newest.pem_sealed))
    signer.load(private, {row.kid: row.public_jwk for row in stored})


def _make(sealer: Sealer, clock: Clock) -> StoredKey:
    key = SigningKey.generate()
    return StoredKey(
        kid=key.kid,
        public_jwk=key.public_jwk,
        pem_sealed=sealer.seal(PURPOSE, key.kid, key.to_pem()),
        created_at=clock.now(),
    )
