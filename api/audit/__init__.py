"""The administrative log: who changed what, who signed in from where, what was refused.

from api import audit
audit.record(db, context, caller.organization_id, Action.OPERATOR_CREATED, by=caller, target=operator, role=…)
"""

from api.audit.actions import Action
from api.audit.service import ANONYMOUS, SERVER, SYSTEM, Actor, record

__all__ = ["ANONYMOUS", "SERVER", "SYSTEM", "Action", "Actor", "record"]
