"""The signing keys of this server in memory: the newest signs, all verify."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.kit.clock import Clock
from api.kit.ids import Kind, new_id
from wire import tokens
from wire.tokens import Claims, SigningKey

API_AUDIENCE = "api"
SESSION_AUDIENCE = "session"


class Signer:
    """Makes and believes this server's tokens. Empty until `load` is called at start."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self.issuer = issuer
        self._clock = clock
        self._current: SigningKey | None = None
        self._public: dict[str, dict[str, str]] = {}

    def load(self, current: SigningKey, public: Mapping[str, dict[str, str]]) -> None:
        """Take the newest private key, and the public halves of all keys that tokens may still be signed with."""
        self._current = current
        self._public = dict(public)

    @property
    def loaded(self) -> bool:
        """Whether there is a key to sign with."""
        return self._current is not None

    @property
    def current(self) -> SigningKey:
        """The newest key, for what is signed to be kept."""
        if self._current is None:
            raise RuntimeError("the signer was used before it was loaded")
        return self._current

    @property
    def jwks(self) -> dict[str, Any]:
        """The JWK set (RFC 7517) by which relays and endpoints verify."""
        return {"keys": list(self._public.values())}

    def sign(self, typ: str, claims: Mapping[str, Any], expires_at: datetime, jti: str | None = None) -> str:
        """A token with `iss`, `iat`, `exp` and `jti` added to `claims`."""
        if self._current is None:
            raise RuntimeError("the signer was used before it was loaded")
        whole = {
            "iss": self.issuer,
            "iat": int(self._clock.now().timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": jti or new_id(Kind.TOKEN),
            **claims,
        }
        return tokens.sign(self._current, typ, whole)

    def verify(self, token: str, typ: str, audience: str | frozenset[str], *, allow_expired: bool = False) -> Claims:
        """The claims of one of our tokens; TokenError otherwise."""
        now = self._clock.now().timestamp()
        return tokens.verify(token, self._public, typ, self.issuer, audience, now, allow_expired=allow_expired)

    def expiry(self, life: timedelta) -> datetime:
        """The end of a life that starts now, in whole seconds as tokens count."""
        return (self._clock.now() + life).replace(microsecond=0)
