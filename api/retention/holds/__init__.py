"""Legal holds: what must be kept, whatever retention, forgetting or removal say.

from api.retention.holds import refuse_if_held
await refuse_if_held(db, organization_id, customer_id=customer.id)
"""

from api.retention.holds.service import refuse_if_held

__all__ = ["refuse_if_held"]
