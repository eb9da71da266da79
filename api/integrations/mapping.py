"""Reading what a hook says: dotted paths into its JSON, no code."""

from typing import Any

from pydantic import ValidationError

from api.integrations.models import Integration
from api.integrations.schemas import Mapped
from api.problems import Invalid
from api.sessions.schemas import SessionCreate

MAX_STEPS = 10


def session_request(integration: Integration, body: Any) -> SessionCreate:
    """The session a hook asks for; Invalid when what stands at a mapped path does not fit."""
    found = {name: value_at(body, path) for name, path in integration.mapping.items()}
    wanted: dict[str, Any] = {"mode": integration.mode, "operator_id": integration.operator_id}
    if found.get(Mapped.CUSTOMER_NAME):
        wanted["customer"] = {"name": found[Mapped.CUSTOMER_NAME], "email": found.get(Mapped.CUSTOMER_EMAIL)}
    if found.get(Mapped.REFERENCE_ID):
        system = found.get(Mapped.REFERENCE_SYSTEM) or integration.name[:40]
        reference = {"system": system, "id": found[Mapped.REFERENCE_ID], "url": found.get(Mapped.REFERENCE_URL)}
        wanted["reference"] = reference
    try:
        return SessionCreate.model_validate(wanted)
    except ValidationError as error:
        errors = [{"detail": item["msg"], "pointer": _pointer(integration, item["loc"])} for item in error.errors()]
        raise Invalid("What the hook's mapping found does not fit a session.", errors=errors) from error


def _pointer(integration: Integration, location: tuple[int | str, ...]) -> str:
    """Where in the hook's body that stands which became a member of the session request."""
    name = ".".join(map(str, location))
    return "#/" + integration.mapping.get(name, name).replace(".", "/")


def value_at(body: Any, path: str) -> str | None:
    """The text or number at a dotted path, as text; None when there is none."""
    here = body
    for step in path.split(".")[:MAX_STEPS]:
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    if isinstance(here, bool) or not isinstance(here, str | int | float):
        return None
    return str(here).strip() or None
