"""The entry link: an unguessable address that must have been opened before certain people can sign in (A12).

Only its hash is kept. Opening it gives the browser a cookie that holds until the link is renewed; a program sends the
secret itself. Who lacks it hears what everybody hears who has the wrong password.
"""

import hmac

from starlette.responses import Response

from api.context import Context
from api.kit.secret import digest, new_credential
from api.organizations.models import Organization
from api.organizations.settings import OrganizationSettings
from api.passwords.bringing import ENTRY_COOKIE

PREFIX = "tel_"
COOKIE_PURPOSE = "entry cookie"
COOKIE_SECONDS = 400 * 86_400
"""The longest that browsers keep a cookie."""


def renew(context: Context, organization: Organization) -> str:
    """A new secret, shown only now; what was opened with the one before counts no more."""
    secret = new_credential(PREFIX)
    organization.entry_digest, organization.entry_renewed_at = digest(secret), context.clock.now()
    return secret


def remove(organization: Organization) -> None:
    """There is no link any more."""
    organization.entry_digest = organization.entry_renewed_at = None


def link(context: Context, secret: str) -> str:
    """The address to open."""
    return f"{context.settings.public_url}/enter/{secret}"


def cookie(context: Context, organization: Organization) -> str:
    """What a browser keeps that has opened the present link: signed, and useless as a link."""
    return context.sealer.lookup(COOKIE_PURPOSE, f"{organization.id} {organization.entry_digest}")


def keep(response: Response, context: Context, organization: Organization) -> None:
    """Let the browser that gets this response in from now on."""
    response.set_cookie(
        ENTRY_COOKIE,
        cookie(context, organization),
        max_age=COOKIE_SECONDS,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )


def admits(
    context: Context, organization: Organization, settings: OrganizationSettings, role: str, brought: str | None
) -> bool:
    """Whether somebody with this role may sign in with what the client brought: a cookie, or the secret itself."""
    if not settings.entry_link.includes(role):
        return True
    if brought is None or organization.entry_digest is None:
        return False
    if brought.startswith(PREFIX):
        return hmac.compare_digest(digest(brought), organization.entry_digest)
    return hmac.compare_digest(brought.encode(), cookie(context, organization).encode())
