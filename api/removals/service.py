"""Rules of removals: it is written down and nothing runs any more; then the keys go, then the rows; then there is a proof."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository as sign_ins
from api.context import Context
from api.db import commit_so_far
from api.operators import repository as operators
from api.organizations.models import Organization
from api.removals import repository
from api.removals.models import RemovedOrganization
from api.retention.holds import refuse_if_held
from api.sessions import ending
from wire import tokens


async def remove(db: AsyncSession, context: Context, organization: Organization) -> RemovedOrganization:
    """Remove an organisation. Done again after a crash it goes on where that was. LegallyHeld when a hold stands."""
    await refuse_if_held(db, organization.id)
    now = context.clock.now()
    row = await db.get(RemovedOrganization, organization.id)
    if row is None:
        row = RemovedOrganization(id=organization.id, code=organization.code, asked_at=now)
    organization.disabled_at = organization.disabled_at or now
    for operator_id in await operators.ids(db, organization.id):
        await sign_ins.end_all(db, operator_id)
    await ending.end_all_of_organization(db, context, organization.id)
    db.add_all([row, organization])
    await commit_so_far(db)
    row.keys += context.keyring.destroy_owner(organization.id)
    db.add(row)
    await commit_so_far(db)
    await repository.lock_out(db, organization.id)
    row.rows = await repository.delete_everything(db, organization.id)
    row.removed_at = context.clock.now()
    row.proof = tokens.sign_document(
        context.signer.current,
        tokens.DESTRUCTION,
        {
            "iss": context.signer.issuer,
            "iat": int(row.removed_at.timestamp()),
            "subject": row.id,
            "company": row.code,
            "keys": row.keys,
            "rows": row.rows,
            "asked_at": row.asked_at.isoformat(),
            "destroyed_at": row.removed_at.isoformat(),
        },
    )
    db.add(row)
    return row
