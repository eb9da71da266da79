"""The app: parts put together, nothing decided here."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.routing import BaseRoute

from api import edge, health, problem_pages, upkeep
from api.api_keys.router import router as api_keys
from api.audit.keeping import run as keep_audit
from api.audit.router import router as audit_events
from api.audit.tree.router import router as audit_tree
from api.auth.router import router as sign_in
from api.context import Context
from api.customers.router import router as customers
from api.device_enrolments.router import router as device_enrolments
from api.device_groups.router import router as device_groups
from api.device_self.router import router as device_side
from api.devices.router import router as devices
from api.handover.router import router as handover
from api.integrations.router import router as integrations
from api.invitations.router import router as invitations
from api.join.router import router as joining
from api.kit.clock import Clock, SystemClock
from api.kit.secret import write_secret
from api.machines.router import router as machines
from api.mail import sender as mail_sender
from api.migrate import migrate
from api.openapi import build, describe
from api.operation.facts import Watch
from api.operator_invitations.router import router as operator_invitations
from api.operators.router import router as operators
from api.organizations.router import router as organization
from api.passkeys.router import router as passkeys
from api.policies.router import router as policies
from api.queue.router import router as queue
from api.receipts.router import router as receipts
from api.relays import repository as relay_rows
from api.relays import service as relay_rules
from api.relays.router import router as relays
from api.reports.router import router as reports
from api.retention.holds.router import router as legal_holds
from api.retention.router import router as retention
from api.rotations.router import router as rotations
from api.second_factors.router import router as second_factors
from api.sessions.router import router as sessions
from api.settings import Settings
from api.sign_ins.router import router as sign_ins
from api.signing.router import router as signing
from api.signing.service import load_keys
from api.site.router import site_routes
from api.webhooks import sender
from api.webhooks.router import router as webhooks

ROUTERS = (  # asked in this order: what is asked for most comes first
    sessions,
    joining,
    receipts,
    handover,
    invitations,
    queue,
    sign_in,
    second_factors,
    passkeys,
    sign_ins,
    machines,
    operators,
    operator_invitations,
    organization,
    policies,
    device_side,  # before `devices`, whose `{device_id}` would take `me`
    devices,
    device_groups,
    device_enrolments,
    api_keys,
    integrations,
    webhooks,
    relays,
    audit_tree,
    audit_events,
    reports,
    retention,
    legal_holds,
    customers,
    rotations,
    signing,
    health.router,
    problem_pages.router,
)


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """An api for these settings. Starting it (its lifespan) migrates the database and begins the upkeep."""
    app = _routed()
    app.state.context = Context.build(settings, clock or SystemClock())
    describe(app)
    app.router.routes.extend(site_routes(settings))
    edge.install(app)
    app.state.watch = Watch(app.state.context)
    app.add_middleware(edge.Edge, settings=settings, context=app.state.context)
    return app


def describe_only() -> dict[str, Any]:
    """The OpenAPI document, without settings, keys or a database."""
    return build(_routed())


def _routed() -> FastAPI:
    app = FastAPI(lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.router.routes.extend(_routes())
    return app


@functools.cache
def _routes() -> list[BaseRoute]:
    """Made once in a process, whatever the number of apps in it: FastAPI takes a tenth of a second to read their signatures.

    They hold nothing of an app: what an app holds is its context, which is found by the request.
    """
    router = APIRouter()
    for one in ROUTERS:
        router.include_router(one)
    return router.routes


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    await start(context)
    tasks = [asyncio.create_task(upkeep.run(context)), asyncio.create_task(sender.run(context))]
    tasks.append(asyncio.create_task(mail_sender.run(context)))
    tasks.append(asyncio.create_task(keep_audit(context)))
    if context.database.notices is not None:
        tasks.append(asyncio.create_task(context.database.notices.run()))
    try:
        yield
    finally:
        context.stopping.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await context.database.close()
        context.keyring.close()


async def _add_own_relay(context: Context, db: AsyncSession) -> None:
    """Make the token of the relay that is started beside this api, at the first start."""
    path = context.settings.relay_token_file
    if path is not None and not path.exists():
        _, token = await relay_rules.add(db, context.clock.now(), context.settings.relay_public_url)
        await asyncio.to_thread(write_secret, path, token)


async def start(context: Context) -> None:
    """Bring the database up to date and load what is kept in memory; nothing to do when that was done."""
    if context.signer.loaded:
        return
    context.keyring.store.start()
    await migrate(context.database.engine)
    async with context.database.write() as db:
        await load_keys(db, context.signer, context.sealer, context.clock)
        await _add_own_relay(context, db)
        context.relay_origins = relay_rules.origins(await relay_rows.all_relays(db)) | {
            relay_rules.origin_of(context.settings.relay_public_url)
        }
