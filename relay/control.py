"""Registration and heartbeat: how this relay gets its identity and the keys it believes, and shows that it lives."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from relay.api_client import ApiClient, ApiDown, ApiRefused
from relay.backoff import Backoff
from relay.key_cache import KeyCache
from relay.limits import REGISTER_RETRY_SECONDS, TOMBSTONE_SECONDS
from relay.server import RelayServer
from relay.tombstones import Tombstone

log = structlog.get_logger()

KEY_FETCH_SECONDS = 5.0
"""A ticket with an unknown key makes the relay register again, at most this often."""


class Control:
    """Keeps this relay registered."""

    def __init__(self, api: ApiClient, server: RelayServer, cache: KeyCache, public_url: str) -> None:
        self.registered = False
        """The last call to the api was answered well."""
        self.first_attempt = asyncio.Event()
        """Set after the first attempt to register, whatever came of it."""
        self._api, self._server, self._cache, self._public_url = api, server, cache, public_url
        self._backoff = Backoff(*REGISTER_RETRY_SECONDS)
        self._heartbeat_seconds = 10.0

    def load_cache(self) -> None:
        """Believe the keys of the last run until the api is there."""
        known = self._cache.load()
        if known:
            try:
                self._learn(known)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("relay.key_cache_unusable", error=str(error))

    async def say_draining(self) -> None:
        """Tell the api at once, so that it sends nobody here any more."""
        with suppress(ApiDown, ApiRefused):
            await self._heartbeat()

    async def run(self) -> None:
        """Register, then heartbeat, for ever."""
        while True:
            pause = await self._attempt()
            self.first_attempt.set()
            await asyncio.sleep(pause)

    async def _attempt(self) -> float:
        """One call to the api; the seconds until the next."""
        try:
            if self.registered and not self._server.desk.wants_keys:
                await self._heartbeat()
            else:
                await self._register()
        except ApiDown as error:
            return self._failed("relay.api_down", str(error))
        except ApiRefused as refused:
            return self._failed("relay.refused_by_api", _advice(refused))
        except (KeyError, TypeError, ValueError) as error:
            return self._failed("relay.registration_unusable", str(error))
        self._backoff.succeeded()
        return min(self._heartbeat_seconds, KEY_FETCH_SECONDS)

    async def _heartbeat(self) -> None:
        registry = self._server.registry
        await self._api.heartbeat(len(registry.rooms), registry.participants, draining=self._server.draining)

    async def _register(self) -> None:
        answer = await self._api.register()
        self._learn(answer)
        self._cache.save(answer["relay_id"], answer["issuer"], answer["jwks"])
        self._heartbeat_seconds = max(1.0, float(answer.get("heartbeat_seconds", self._heartbeat_seconds)))
        for stone in answer.get("tombstones") or []:
            self._bury(stone)
        self.registered = True
        log.info("relay.registered", relay_id=answer["relay_id"])

    def _learn(self, known: dict[str, Any]) -> None:
        relay_id = str(known["relay_id"])
        self._server.desk.learn(relay_id, str(known["issuer"]), known["jwks"])
        self._server.registry.relays = ({"id": relay_id, "url": self._public_url},)

    def _bury(self, stone: dict[str, Any]) -> None:
        """A session that ended, or somebody who was sent out of one, while this relay did not hear of it."""
        session, by, reason, sender = (
            str(stone["session_id"]),
            str(stone["by"]),
            str(stone["reason"]),
            stone.get("sender"),
        )
        if sender is not None:
            self._server.kick(session, int(sender), by)
        elif session in self._server.registry.rooms:
            self._server.end_session(session, by, reason)
        until = _until(stone.get("until"))
        self._server.registry.tombstones.put_until(session, sender, Tombstone(by, reason, until))

    def _failed(self, event: str, detail: str) -> float:
        if self.registered or not self.first_attempt.is_set():
            log.warning(event, detail=detail)
        self.registered = False
        return self._backoff.failed()


def _advice(refused: ApiRefused) -> str:
    if refused.status == 401:
        return "the relay token is not accepted; make a new one with: tasuki admin relay add --url URL --out FILE"
    return str(refused)


def _until(value: object) -> float:
    """RFC 3339 as Unix seconds."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).timestamp()
    return time.time() + TOMBSTONE_SECONDS
