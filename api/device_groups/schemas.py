"""Bodies of groups of devices."""

from datetime import datetime

from pydantic import ConfigDict, Field

from api.devices.rules import Consent
from api.devices.schemas import Access, ConsentRule, HoursRule
from api.kit.schema import Body, Name, View
from api.policies.hours import Schedule


class DeviceGroupCreate(Body):
    """A new group, with the rules for devices that have none of their own."""

    name: Name = Field(examples=["Branch offices"])
    consent: ConsentRule = None
    hours: HoursRule = None
    access: Access = Field(default_factory=Access)


class DeviceGroupPatch(Body):
    """Only what is given changes; `consent: null` and `hours: null` take the rule away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Branch offices, east"}]})

    name: Name | None = Field(default=None, examples=["Branch offices, east"])
    consent: ConsentRule = None
    hours: HoursRule = None
    access: Access | None = None


class DeviceGroupView(View):
    """A group and its rules."""

    id: str = Field(examples=["dgr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Branch offices"])
    consent: Consent | None = None
    hours: Schedule | None = None
    access: Access
    created_at: datetime
