"""Bodies of signed-in devices."""

from datetime import datetime

from pydantic import Field

from api.auth.methods import Method
from api.kit.schema import View


class SignInView(View):
    """A signed-in device."""

    id: str = Field(examples=["rft_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    current: bool = Field(description="Whether this very request came from it.", examples=[True])
    user_agent: str | None = Field(default=None, examples=["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"])
    address: str | None = Field(default=None, examples=["192.0.2.7"])
    methods: list[Method] = Field(description="How its owner proved who they are.", examples=[["password", "totp"]])
    machine_id: str | None = Field(default=None, description="The registered machine it is.", examples=[None])
    created_at: datetime
    last_used_at: datetime = Field(description="When it last renewed its access.")
    authenticated_at: datetime = Field(description="When its owner last proved who they are.")
