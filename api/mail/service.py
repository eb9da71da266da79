"""Rules of mail: it is queued in the transaction of what happened, so that neither comes without the other."""

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.db import wake_after
from api.kit.ids import Kind, new_id
from api.mail.message import compose
from api.mail.models import OutboundMail
from api.sessions.models import Session

SEAL_PURPOSE = "outbound mail"
TOPIC = "mail"
"""What the sender waits for."""


def enabled(context: Context) -> bool:
    """Whether this server can send mail at all."""
    return context.settings.smtp_url is not None


def queue(
    db: AsyncSession,
    context: Context,
    to: str,
    template: str,
    language: str,
    **values: object,
) -> bool:
    """Queue the mail `mail.<template>.subject|text` of the catalogue with `values`; False when the server has no SMTP.

    Raises AddressUnusable for an address that cannot be mailed, KeyError for a text or value that is missing.
    """
    return queue_until(db, context, to, template, language, None, values)


def queue_until(
    db: AsyncSession,
    context: Context,
    to: str,
    template: str,
    language: str,
    good_for: timedelta | None,
    values: Mapping[str, object],
    session: Session | None = None,
) -> bool:
    """The same of a mail that is of no use after `good_for`: the code in it has expired.

    What goes to the customer of a session is sealed under the customer's key.
    """
    if not enabled(context):
        return False
    now, mail_id = context.clock.now(), new_id(Kind.MAIL)
    sender = context.settings.mail_from
    message = compose(template, language, values, sender=sender, to=to, mail_id=mail_id, date=now)
    sealer = context.sealer if session is None else context.keyring.customer(session)
    db.add(
        OutboundMail(
            id=mail_id,
            template=template,
            organization_id=None if session is None else session.organization_id,
            sealed=sealer.seal(SEAL_PURPOSE, mail_id, message),
            next_at=now,
            created_at=now,
            useless_at=now + good_for if good_for else None,
        )
    )
    wake_after(db, [TOPIC])
    return True
