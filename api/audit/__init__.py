"""The administrative log: who changed what, who signed in from where, what was refused.

from api import audit
audit.record(db, context, caller.organization_id, Action.OPERATOR_CREATED, by=caller, target=operator, role=…)
await audit.prune(db, context, organization_id, before)   deletes the oldest lines; call it until it returns 0
"""

from api.audit.actions import Action
from api.audit.service import ANONYMOUS, SERVER, SYSTEM, Actor, record
from api.audit.tree.pruning import prune

__all__ = ["ANONYMOUS", "SERVER", "SYSTEM", "Action", "Actor", "prune", "record"]
