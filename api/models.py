"""All tables, imported so that SQLModel's metadata is whole (migrations, tests)."""

from sqlmodel import SQLModel

from api.api_keys.models import ApiKey
from api.audit.models import AuditEvent
from api.auth.models import RefreshToken
from api.events.models import Event
from api.idempotency.models import RememberedAnswer
from api.integrations.models import Integration
from api.mail.models import OutboundMail
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies.models import Policy
from api.relays.models import Relay, RelayCommand, RelayReport
from api.sessions.models import Participant, Session, SessionCode
from api.signing.models import StoredKey
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

metadata = SQLModel.metadata

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Event",
    "Integration",
    "Operator",
    "Organization",
    "OutboundMail",
    "Participant",
    "Policy",
    "RefreshToken",
    "Relay",
    "RelayCommand",
    "RelayReport",
    "RememberedAnswer",
    "Session",
    "SessionCode",
    "StoredKey",
    "WebhookDelivery",
    "WebhookEndpoint",
    "metadata",
]
