"""Bodies of enrolment tokens."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.devices.schemas import Id
from api.kit.schema import Body, Name, View

MAX_USES = 1000
MAX_LIFE_HOURS = 30 * 24


class DeviceEnrolmentCreate(Body):
    """A new enrolment token."""

    name: Name = Field(examples=["Branch office Osaka"])
    group_id: Id | None = Field(default=None, examples=["dgr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    uses: Annotated[int, Field(ge=1, le=MAX_USES)] = Field(
        default=1, description="For how many machines it is good.", examples=[1]
    )
    expires_in_hours: Annotated[int, Field(ge=1, le=MAX_LIFE_HOURS)] = Field(default=24, examples=[24])


class DeviceEnrolmentView(View):
    """An enrolment token without its secret part."""

    id: str = Field(examples=["den_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Branch office Osaka"])
    group_id: str | None = Field(default=None, examples=["dgr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    uses: int = Field(examples=[1])
    used: int = Field(examples=[0])
    usable: bool = Field(description="Whether it is good for one more machine now.", examples=[True])
    created_by: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime
    expires_at: datetime = Field(examples=["2026-12-02T09:00:00Z"])


class DeviceEnrolmentCreated(DeviceEnrolmentView):
    """The new token, and its secret, shown only now."""

    token: str = Field(examples=["ten_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
