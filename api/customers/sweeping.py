"""Keys that were made ahead and never used, or whose customer is gone: nobody needs them."""

from api.context import Context
from api.customers import repository


async def sweep(context: Context) -> int:
    """Destroy those of the next few keys that are nobody's; how many it were."""
    old = context.keyring.unused(context.clock.now().timestamp())
    if not old:
        return 0
    async with context.database.read() as db:
        used = await repository.keys_in_use(db, [key_id.hex() for key_id in old])
    nobodys = [key_id for key_id in old if key_id.hex() not in used]
    return context.keyring.destroy(nobodys) if nobodys else 0
