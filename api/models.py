"""All tables, imported so that SQLModel's metadata is whole (migrations, tests)."""

from sqlmodel import SQLModel

from api.api_keys.models import ApiKey
from api.audit.models import AuditCheckpoint, AuditEntry, AuditEvent, AuditNode, AuditPruning
from api.auth.models import Challenge, RefreshToken, SignIn
from api.budgets.models import FailureCount
from api.customers.models import Customer
from api.device_enrolments.models import DeviceEnrolment
from api.device_groups.models import DeviceGroup
from api.devices.models import Device, DeviceGrant
from api.events.models import Event
from api.handover.models import SessionGuest
from api.idempotency.models import RememberedAnswer
from api.integrations.models import Integration
from api.invitations.models import SessionInvitation
from api.join.models import Alarm
from api.machines.models import Machine
from api.mail.models import OutboundMail
from api.notes.models import SessionNote
from api.operator_invitations.models import OperatorInvitation
from api.operators.models import Operator
from api.organizations.models import Organization
from api.passkeys.models import Passkey
from api.passwords.models import KnownDevice, PastPassword
from api.policies.models import Policy
from api.receipts.models import SessionReceipt
from api.relays.models import Relay, RelayCommand, RelayReport
from api.removals.models import RemovedOrganization
from api.retention.holds.models import LegalHold
from api.retention.models import RetentionRun
from api.rotations.models import KeyRotation, RetiredKey
from api.second_factors.models import RecoveryCode, SecondFactor, SecondStepFailure, SentCode
from api.sessions.models import Participant, Session, SessionCode
from api.signing.models import StoredKey
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

metadata = SQLModel.metadata

__all__ = [
    "Alarm",
    "ApiKey",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditEvent",
    "AuditNode",
    "AuditPruning",
    "Challenge",
    "Customer",
    "Device",
    "DeviceEnrolment",
    "DeviceGrant",
    "DeviceGroup",
    "Event",
    "FailureCount",
    "Integration",
    "KeyRotation",
    "KnownDevice",
    "LegalHold",
    "Machine",
    "Operator",
    "OperatorInvitation",
    "Organization",
    "OutboundMail",
    "Participant",
    "Passkey",
    "PastPassword",
    "Policy",
    "RecoveryCode",
    "RefreshToken",
    "Relay",
    "RelayCommand",
    "RelayReport",
    "RememberedAnswer",
    "RemovedOrganization",
    "RetentionRun",
    "RetiredKey",
    "SecondFactor",
    "SecondStepFailure",
    "SentCode",
    "Session",
    "SessionCode",
    "SessionGuest",
    "SessionInvitation",
    "SessionNote",
    "SessionReceipt",
    "SignIn",
    "StoredKey",
    "WebhookDelivery",
    "WebhookEndpoint",
    "metadata",
]
