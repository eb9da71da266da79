"""What one running api holds: built by `create_app`, handed to routes as `Ctx`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.budgets import SignInBudgets
from api.auth.passwords import Passwords
from api.budgets.counts import MemoryCounts, TableCounts
from api.db import Database
from api.join.budgets import JoinBudgets
from api.keyring import Keyring
from api.keyring.master import MasterKeys
from api.keyring.repository import KeyStore
from api.kit.clock import Clock
from api.kit.sealing import Sealer
from api.kit.wake import Waker
from api.metrics import Metrics
from api.passwords.leaked import LeakedPasswords
from api.second_factors.budgets import CodeBudgets
from api.settings import Settings
from api.signing.signer import Signer

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Context:
    """The long-lived parts of the process."""

    settings: Settings
    clock: Clock
    keyring: Keyring
    """Opens what is sealed: `organization(id)`, `customer(session)`."""
    sealer: Sealer
    """The server's own small secrets."""
    waker: Waker
    database: Database
    signer: Signer
    passwords: Passwords
    leaked: LeakedPasswords
    sign_in_budgets: SignInBudgets
    join_budgets: JoinBudgets
    code_budgets: CodeBudgets
    metrics: Metrics = field(default_factory=Metrics)
    upkeep_at: float | None = None
    """`time.monotonic()` at which upkeep was last through."""
    relay_origins: frozenset[str] = field(default_factory=frozenset)
    """WebSocket origins of the registered relays, for the content security policy."""
    shield_noted_until: datetime = LONG_AGO
    """Not before then does a wrong code look again whether people know that somebody is guessing."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is about to end: long polls answer at once."""

    @classmethod
    def build(cls, settings: Settings, clock: Clock) -> "Context":
        """All parts, not yet started: only the master key file is read here, and made when it is not there."""
        waker = Waker()
        keyring = Keyring(KeyStore(settings.keyring), MasterKeys(settings.master_key))

        def seconds() -> float:
            return clock.now().timestamp()

        database = Database(settings.database, waker)
        counts = MemoryCounts() if database.is_sqlite else TableCounts(database)
        return cls(
            settings=settings,
            clock=clock,
            keyring=keyring,
            sealer=keyring.server,
            waker=waker,
            database=database,
            signer=Signer(settings.issuer, clock),
            passwords=Passwords(),
            leaked=LeakedPasswords(settings.leaked_passwords_file),
            sign_in_budgets=SignInBudgets(seconds, partial(keyring.server.lookup, "sign-in budget"), counts),
            code_budgets=CodeBudgets(seconds, partial(keyring.server.lookup, "code budget"), counts),
            join_budgets=JoinBudgets(seconds, partial(keyring.server.lookup, "join address"), counts),
        )


def get_context(request: Request) -> Context:
    """The context of the app that serves this request."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(get_context)]


async def _transaction(request: Request, context: Ctx) -> AsyncIterator[AsyncSession]:
    """The request's one transaction: committed before the response is sent, rolled back when the handler raises."""
    database = context.database
    async with database.read() if request.method in SAFE_METHODS else database.write() as db:
        yield db


Db = Annotated[AsyncSession, Depends(_transaction, scope="function")]


def client_address(request: Request) -> str | None:
    """The caller's address, as the listener or a trusted proxy gave it."""
    return request.client.host if request.client else None
