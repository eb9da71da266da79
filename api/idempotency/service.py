"""Idempotency-Key: the answer is remembered in the transaction of its effect, sealed, for a day.

The same key with the same request gives the same answer again; with another request it is a conflict (409).
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context, Ctx
from api.customers.models import Customer
from api.idempotency import repository
from api.idempotency.models import RememberedAnswer
from api.kit.ids import Kind
from api.kit.sealing import KeyDestroyed
from api.problems import CustomerForgotten, IdempotencyMismatch
from api.sessions import repository as sessions
from api.sessions.models import FORGOTTEN, Session

REMEMBERED_FOR = timedelta(hours=24)
REPLAYED = "Idempotent-Replayed"
PURPOSE = "remembered answer"
REQUEST = "request"

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="A value of your own, one per intended effect, of printable ASCII characters. Sent again within a day"
        " it gives the first answer again.",
        examples=["ticket-4711-1"],
    ),
]


class AnswerForgotten(Exception):
    """There is an answer, but it is too old to be given again."""


class Remembered:
    """The request's key, if it has one."""

    def __init__(self, context: Context, key: str | None, request: Request, fingerprint: str) -> None:
        self._context = context
        self.key = key
        self._route = f"{request.method} {request.url.path}"
        self._session_id: str | None = request.path_params.get("session_id")
        self._fingerprint = fingerprint

    @classmethod
    def of_message(cls, context: Context, request: Request, message_id: str, body: bytes) -> "Remembered":
        """For a message with an id of its own instead of an Idempotency-Key."""
        return cls(context, message_id, request, hashlib.sha256(body).hexdigest())

    def told_apart_by(self, *values: str | None) -> None:
        """What else makes the request the one it is, beside its body: another value is another request."""
        whole = json.dumps([self._fingerprint, *values])
        self._fingerprint = hashlib.sha256(whole.encode()).hexdigest()

    async def once(
        self,
        db: AsyncSession,
        principal: str,
        status: int,
        make: Callable[[], Awaitable[BaseModel]],
        headers: Mapping[str, str] | None = None,
        kept: timedelta = REMEMBERED_FOR,
    ) -> JSONResponse:
        """The answer of `make`, or the one that was given to the same request before. `principal` owns the key.

        Raises AnswerForgotten when it was given longer than `kept` ago and is still there.
        """
        if self.key is None:
            return _answer(status, (await make()).model_dump_json().encode(), headers)
        fresh = RememberedAnswer(
            principal=principal,
            route=self._route,
            key=self.key,
            fingerprint=self._keyed(),
            created_at=self._context.clock.now(),
        )
        if not await repository.claim(db, fresh):
            return await self._again(db, principal, headers, kept)
        view = await make()
        body = view.model_dump_json().encode()
        session = await self._session(db, view)
        row = await repository.get(db, principal, self._route, self.key)
        assert row is not None
        sealer = self._context.sealer
        about_whom = session or await _customer(db, view)
        if about_whom is not None and about_whom.key_id != FORGOTTEN:
            row.organization_id, sealer = about_whom.organization_id, self._context.keyring.customer(about_whom)
        row.status, row.sealed = status, sealer.seal(PURPOSE, about(row), body)
        db.add(row)
        return _answer(status, body, headers)

    async def _again(
        self, db: AsyncSession, principal: str, headers: Mapping[str, str] | None, kept: timedelta
    ) -> JSONResponse:
        row = await repository.get(db, principal, self._route, self.key or "")
        if row is not None and kept < REMEMBERED_FOR and row.created_at + kept <= self._context.clock.now():
            raise AnswerForgotten
        if row is None or row.fingerprint != self._keyed():
            raise IdempotencyMismatch("This Idempotency-Key was used with another request; use a new key.")
        keyring = self._context.keyring
        sealer = keyring.organization(row.organization_id) if row.organization_id else self._context.sealer
        try:
            body = sealer.open(PURPOSE, about(row), row.sealed)
        except KeyDestroyed:
            raise CustomerForgotten("The answer was about a customer who was forgotten since.") from None
        return _answer(row.status, body, {**(headers or {}), REPLAYED: "true"})

    async def _session(self, db: AsyncSession, view: BaseModel) -> Session | None:
        """The session that an answer is about: that of the path, or the one that the answer names."""
        named = (self._session_id, getattr(view, "session_id", None), getattr(view, "id", None))
        found = next((one for one in named if isinstance(one, str) and one.startswith(f"{Kind.SESSION}_")), None)
        return await sessions.unlocked(db, found) if found else None

    def _keyed(self) -> str:
        return self._context.sealer.lookup(REQUEST, self._fingerprint)


async def _customer(db: AsyncSession, view: BaseModel) -> Customer | None:
    """Whom an answer that is about no session names."""
    customer_id = getattr(view, "customer_id", None)
    return await db.get(Customer, customer_id) if isinstance(customer_id, str) else None


def about(row: RememberedAnswer) -> str:
    """What an answer is sealed for."""
    return f"{row.principal} {row.route} {row.key}"


class _Written(JSONResponse):
    """JSON that is bytes already."""

    def render(self, content: bytes) -> bytes:
        """As it is."""
        return content


def _answer(status: int, body: bytes, headers: Mapping[str, str] | None) -> JSONResponse:
    return _Written(body, status, {"Cache-Control": "no-store", **(headers or {})})


async def _remembered(request: Request, context: Ctx, key: KeyHeader = None) -> Remembered:
    return Remembered(context, key, request, hashlib.sha256(await request.body()).hexdigest())


Idempotent = Annotated[Remembered, Depends(_remembered)]


async def purge(db: AsyncSession, context: Context) -> None:
    """Forget answers older than a day."""
    await repository.purge(db, context.clock.now() - REMEMBERED_FOR)
