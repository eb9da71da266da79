"""Whatever the api can answer has words on the pages: a new value there without a text here fails."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from api.audit import Action
from api.auth.methods import SECOND, Method
from api.auth.permissions import Scope
from api.devices.rules import Consent, Refusal, Standing
from api.operators.models import Role
from api.policies.decisions import CONTRADICTABLE
from api.policies.hours import Day
from api.policies.layers import LayerKind
from api.queue.schemas import RefusalReason
from api.sessions.modes import Feature, Mode, Verified
from api.sessions.states import State
from texts import catalogue

ROOT = Path(__file__).resolve().parents[3]

KINDS: dict[str, type[StrEnum]] = {
    "console.log.action.{}": Action,
    "console.sign_ins.by.{}": Method,
    "console.scope.{}": Scope,
    "console.consent.{}": Consent,
    "console.consent.{}.hint": Consent,
    "console.device.refused.{}": Refusal,
    "console.role.{}": Role,
    "console.role.{}.hint": Role,
    "console.day.{}": Day,
    "console.queue.reason.{}": RefusalReason,
    "console.mode.{}": Mode,
    "console.mode.{}.hint": Mode,
    "console.state.{}": State,
    "console.access.layer.{}": LayerKind,
    "join.mode.{}": Mode,
    "join.who_asks.{}": Mode,
    "join.feature.{}": Feature,
    "join.verified.{}": Verified,
}


@pytest.mark.parametrize("pattern", KINDS)
def test_every_value_of_the_api_has_words(pattern: str) -> None:
    missing = {str(value) for value in KINDS[pattern] if pattern.format(value) not in catalogue("en")}
    assert missing == set()


def test_what_is_shown_in_part_has_words() -> None:
    wanted = [f"console.mfa.{part}.{method}" for part in ("hint", "use") for method in SECOND]
    wanted += [f"console.device.state.{state}" for state in (Standing.DISABLED, Standing.WIPED)]
    wanted += [f"console.access.because.{member}" for member in (*CONTRADICTABLE, "modes", "networks", "hours")]
    assert [key for key in wanted if key not in catalogue("en")] == []


@pytest.mark.browser
def test_the_policy_editor_has_every_member_and_every_value(blank: Page) -> None:
    script = "async () => [...(await import('/web/app/console/admin/members.js')).MEMBERS.values()]"
    shown: dict[str, dict[str, Any]] = {member["name"]: member for member in blank.evaluate(script)}
    schemas = json.loads((ROOT / "openapi/openapi.json").read_text())["components"]["schemas"]
    members = schemas["Members"]["properties"]
    assert set(shown) == set(members)
    for name, schema in members.items():
        text = catalogue("en")
        assert f"console.policy.member.{name}" in text
        assert f"console.policy.member.{name}.hint" in text
        words = next((option["enum"] for option in schema["anyOf"] if "enum" in option), None)
        if words is not None:
            assert shown[name]["values"] == words
    assert sorted(shown["modes"]["widest"]) == sorted(Mode)
