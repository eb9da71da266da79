"""Who may come into a session with a device, however they were asked to: also by a transfer and as a guest."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.devices import repository
from api.devices.rules import SENTENCES, Refusal
from api.problems import ConnectionNotAllowed


async def refuse_unlisted(db: AsyncSession, caller: Caller, device_id: str) -> None:
    """ConnectionNotAllowed for an operator whom neither the device nor its group lists."""
    if not caller.administers and await repository.for_caller(db, caller, device_id) is None:
        raise ConnectionNotAllowed(SENTENCES[Refusal.NOT_LISTED], because=[str(Refusal.NOT_LISTED)])
