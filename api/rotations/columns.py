"""Every sealed column: for what its values are sealed, so that they can be sealed anew. A test compares this with the tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel

from api.api_keys import service as api_keys
from api.api_keys.models import ApiKey
from api.audit import service as audit
from api.audit.models import AuditEvent
from api.auth import issuing
from api.auth.models import SignIn
from api.events import service as events
from api.events.models import Event
from api.idempotency import service as idempotency
from api.idempotency.models import RememberedAnswer
from api.integrations import service as integrations
from api.integrations.models import Integration
from api.mail import service as mail
from api.mail.models import OutboundMail
from api.notes import service as notes
from api.notes.models import SessionNote
from api.receipts import facts
from api.receipts import service as receipts
from api.receipts.models import SessionReceipt
from api.relays import service as relays
from api.relays.models import RelayCommand
from api.retention.holds import service as holds
from api.retention.holds.models import LegalHold
from api.second_factors import setting_up
from api.second_factors.models import SecondFactor
from api.sessions import clients, codes, details, statement
from api.sessions.models import Participant, Session, SessionCode
from api.signing import service as signing
from api.signing.models import StoredKey
from api.webhooks import outbox
from api.webhooks import service as webhooks
from api.webhooks.models import WebhookDelivery, WebhookEndpoint


def _id(row: Any) -> str:
    return str(row.id)


def _session(row: Any) -> str:
    return str(row.session_id)


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table, its sealed columns with their purposes, and what a value of a row is sealed about."""

    model: type[SQLModel]
    columns: dict[str, str]
    about: Callable[[Any], str] = _id
    server: bool = False
    """It has values under the server's key as well, or only those."""

    @property
    def name(self) -> str:
        """Of the table."""
        return str(self.model.__tablename__)


TABLES = (
    SealedTable(
        Session,
        {
            "statement_sealed": statement.PURPOSE,
            "customer_sealed": details.CUSTOMER_PURPOSE,
            "purpose_sealed": details.PURPOSE,
            "metadata_sealed": details.METADATA,
            "reference_url_sealed": details.REFERENCE_URL,
            "reason_sealed": details.REASON,
            "closing_reason_sealed": details.CLOSING_REASON,
            "note_sealed": details.NEWEST,
        },
    ),
    SealedTable(SessionCode, {"sealed": codes.PURPOSE}, _session),
    SealedTable(Participant, {"client_sealed": clients.PURPOSE}),
    SealedTable(Event, {"data_sealed": events.PURPOSE}),
    SealedTable(SessionNote, {"text_sealed": notes.PURPOSE}),
    SealedTable(SessionReceipt, {"facts_sealed": facts.PURPOSE, "sealed": receipts.PURPOSE}, _session),
    SealedTable(LegalHold, {"reason_sealed": holds.REASON}),
    SealedTable(WebhookDelivery, {"body_sealed": outbox.BODY_PURPOSE}),
    SealedTable(WebhookEndpoint, {"secret_sealed": webhooks.SECRET_PURPOSE}),
    SealedTable(Integration, {"secret_sealed": integrations.SECRET_PURPOSE}),
    SealedTable(ApiKey, {"last_used_sealed": api_keys.PURPOSE}),
    SealedTable(SignIn, {"client_sealed": issuing.CLIENT_PURPOSE}),
    SealedTable(
        SecondFactor, {"sealed": setting_up.PURPOSE}, lambda row: setting_up.about(row.operator_id, row.method)
    ),
    SealedTable(AuditEvent, {"sealed": audit.PURPOSE}),
    SealedTable(RememberedAnswer, {"sealed": idempotency.PURPOSE}, idempotency.about, server=True),
    SealedTable(OutboundMail, {"sealed": mail.SEAL_PURPOSE}, server=True),
    SealedTable(RelayCommand, {"reason_sealed": relays.COMMAND}, _session, server=True),
    SealedTable(StoredKey, {"pem_sealed": signing.PURPOSE}, lambda row: str(row.kid), server=True),
)
SERVERS_OWN = frozenset({"relay_command", "signing_key"})
"""Nothing of an organisation is in these."""
