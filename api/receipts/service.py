"""A receipt is made once, when the session is over and its ends have said their last word, and stays as it is."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.context import Context
from api.events.service import topic
from api.kit.sealing import KeyDestroyed
from api.problems import Forbidden, ReceiptGone, ReceiptNotYet
from api.receipts import contents, facts, repository
from api.receipts.models import SessionReceipt
from api.sessions import admission
from api.sessions import repository as sessions
from api.sessions import service as session_rules
from api.sessions.models import Session
from api.sessions.modes import Side, WireRole
from api.sessions.states import OVER
from wire import receipt

PURPOSE = "receipt"
RETRY_SECONDS = 1


async def for_caller(context: Context, caller: Caller, session_id: str, wait: float = 0) -> bytes:
    """The signed file of a session that the caller may read."""

    async def found(db: AsyncSession) -> Session:
        return await session_rules.get(db, caller, session_id)

    return await _given(context, found, wait)


async def for_customer(context: Context, token: str, wait: float = 0) -> bytes:
    """The same for the customer, by their resume ticket, for a while after the end."""

    async def found(db: AsyncSession) -> Session:
        session, participant, _ = await admission.bearer(db, context, token, lock=False)
        if participant.side != Side.CUSTOMER:
            raise Forbidden("This is for the customer; operators use GET /v1/sessions/{session_id}/receipt.")
        if session.ended_at is not None and context.clock.now() > session.ended_at + facts.WINDOW:
            raise ReceiptGone("It could be fetched here for 15 minutes. Ask the organisation that helped you for it.")
        return session

    return await _given(context, found, wait)


async def at_the_end(db: AsyncSession, context: Context, session: Session) -> bytes | None:
    """For what is told about a session that is over: made now if it was not yet; None when the customer was forgotten."""
    try:
        row = await repository.of_session(db, session.id)
        if row is not None and row.sealed is not None:
            return _open(context, session, row)
        return await _write(db, context, session, row)
    except ReceiptGone:
        return None


async def settled(db: AsyncSession, context: Context, session: Session, row: SessionReceipt | None) -> bool:
    """Whether everybody has said their last word, or had the time to."""
    now, patience = context.clock.now(), context.settings.webhook_patience
    if session.ended_at is None or now >= session.ended_at + patience:
        return session.ended_at is not None
    rows = await sessions.participants(db, session.id)
    if not any(one.role == WireRole.HOST for one in rows):
        return True
    return row is not None and row.facts_final and not any(one.relay_id for one in rows)


async def _given(context: Context, found: Callable[[AsyncSession], Awaitable[Session]], wait: float) -> bytes:
    """The file, made if need be; waited for as long as that. No connection is held meanwhile."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    async with context.database.read() as db:
        session_id = (await found(db)).id
    with context.waker.listen(topic(session_id)) as listener:
        while True:
            try:
                async with context.database.read() as db:
                    file = await _made(db, context, await found(db))
                return file if file is not None else await _make(context, session_id)
            except ReceiptNotYet:
                left = deadline - loop.time()
                if left <= 0 or context.stopping.is_set():
                    raise
            await listener.wait(min(left, RETRY_SECONDS))


async def _made(db: AsyncSession, context: Context, session: Session) -> bytes | None:
    """The file if there is one; None when it can be made now; else why not."""
    if session.state not in OVER:
        raise ReceiptNotYet("The session still runs; its receipt is made when it is over.", state=session.state)
    row = await repository.of_session(db, session.id)
    if row is not None and row.sealed is not None:
        return _open(context, session, row)
    if not await settled(db, context, session, row):
        why = "The session has just ended; its receipt is made in a few seconds."
        raise ReceiptNotYet(why, state=session.state, retry_after=RETRY_SECONDS)
    return None


async def _make(context: Context, session_id: str) -> bytes:
    """In a transaction that writes. Of two that come at once the second gets what the first has made."""
    async with context.database.write() as db:
        session = await sessions.locked(db, session_id)
        if session is None:
            raise ReceiptGone("The session was removed, and its receipt with it.")
        row = await repository.of_session(db, session_id)
        if row is not None and row.sealed is not None:
            return _open(context, session, row)
        return await _write(db, context, session, row)


async def _write(db: AsyncSession, context: Context, session: Session, row: SessionReceipt | None) -> bytes:
    if session.forgotten:
        raise _forgotten()
    row = row or SessionReceipt(session_id=session.id)
    try:
        said = facts.said(context, session, row)
        file = receipt.make(context.signer.current, await contents.write(db, context, session, said))
        row.sealed = context.keyring.customer(session).seal(PURPOSE, session.id, file)
    except KeyDestroyed as error:
        raise _forgotten() from error
    row.made_at = context.clock.now()
    db.add(row)
    return file


def _open(context: Context, session: Session, row: SessionReceipt) -> bytes:
    assert row.sealed is not None
    try:
        return context.keyring.customer(session).open(PURPOSE, session.id, row.sealed)
    except KeyDestroyed as error:
        raise _forgotten() from error


def _forgotten() -> ReceiptGone:
    return ReceiptGone("The customer of this session was forgotten, and the receipt with them.")
