"""Bodies of rotations."""

from datetime import datetime
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from api.kit.schema import Body, View

RotationStep = Literal["customers", "sealing", "done"]


class RotateRequest(Body):
    """Which keys to replace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"organization_key": True, "customers_keys": False}]})

    organization_key: bool = Field(default=True, description="The one of the organisation, which wraps its customers'.")
    customers_keys: bool = Field(default=False, description="One for each customer. Takes longer.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.organization_key or self.customers_keys):
            raise ValueError("choose organization_key, customers_keys or both")
        return self


class RotationView(View):
    """A rotation, and how far it is."""

    id: str = Field(examples=["rot_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    organization_key: bool
    customers_keys: bool
    step: RotationStep = Field(
        description="`customers` get new keys; then values are `sealing` anew; `done`: the old keys are destroyed.",
        examples=["sealing"],
    )
    walk: int = Field(
        description="How often all rows are looked at by now; the last time nothing is found.", examples=[1]
    )
    examined: int = Field(description="Rows looked at.", examples=[18200])
    resealed: int = Field(description="Rows with values that were sealed anew.", examples=[17950])
    keys_destroyed: int = Field(examples=[0])
    started_at: datetime
    finished_at: datetime | None = None


class KeysView(View):
    """The keys of the organisation."""

    rotation: RotationView | None = Field(default=None, description="The newest one.")
