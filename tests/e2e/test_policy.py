"""An administrator narrows a policy while a session runs: customer, operator and relay follow, over the real processes."""

import json
import re

import pytest

from tests.e2e.stack import Stack, accept

pytestmark = pytest.mark.xdist_group("policy")
FEATURES = ["chat", "clipboard_to_customer"]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def answers_between(log: str, change: str, outcome: str) -> int:
    """How many of the relay's polls for commands were answered from the change to its outcome."""
    plain = ANSI.sub("", log)
    begin = plain.rindex(change)
    lines = plain[begin : plain.index(outcome, begin)].splitlines()
    return sum("/v1/relays/commands" in line for line in lines)


@pytest.mark.rule("R36")
def test_a_narrowed_policy_reaches_everybody_who_is_in(stack: Stack) -> None:
    policy = stack.ok("POST", "/v1/policies", {"name": "Everybody", "members": {"reason_required": True}})["id"]
    stack.ok("PATCH", "/v1/organization", {"policy_id": policy})
    me = stack.ok("GET", "/v1/me")["operator"]["id"]
    asked = stack.ok("GET", f"/v1/operators/{me}/effective-policy?mode=view")
    assert asked["allowed"], asked["refused_because"]
    made = json.loads(
        stack.tasuki(
            "session",
            "create",
            "--purpose",
            "The printer is on fire",
            "--feature",
            FEATURES[0],
            "--feature",
            FEATURES[1],
            "--json",
        ).stdout
    )
    assert made["features"] == FEATURES
    with stack.customer(made["code"]) as customer, stack.viewer(made["id"]) as viewer:
        accept(customer, viewer.until("digits")["digits"])
        assert viewer.until("accepted")["grants"] == ["chat", "clipboard_to_customer", "control", "view"]
        customer.until("sees and controls")
        path = f"/v1/policies/{policy}"
        stack.ok("PATCH", path, {"members": {"chat": False, "max_session_seconds": 600}})
        customer.until("No longer possible: messages")
        customer.until("10 minutes after it began")
        told = viewer.until("narrowed")
        assert (told["features"], told["seconds"]) == (["clipboard_to_customer"], 600)
        log = (stack.data.parent / "server.log").read_text()
        # The poll that was open brought it: nothing waited for a next one, so it takes a moment, not a period.
        assert answers_between(log, "PATCH", "relay.session_narrowed") <= 1
        session = stack.ok("GET", f"/v1/sessions/{made['id']}")
        assert (session["state"], session["features"], session["limits"]["seconds"]) == ("active", FEATURES[1:], 600)
        stack.ok("PATCH", path, {"members": {"modes": ["view", "present"]}})
        ended = viewer.until("ended")
        assert (ended["by"], ended["reason"]) == ("administrator", "policy")
        customer.until("no longer allows this kind of session")
    refused = stack.api("POST", "/v1/sessions", {"mode": "control"})
    assert (refused.status_code, refused.json()["slug"]) == (403, "mode-not-allowed")
    stack.ok("PATCH", "/v1/organization", {"policy_id": None})
    stack.ok("DELETE", path)
