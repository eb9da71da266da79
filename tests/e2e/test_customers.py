"""`tasuki customer …` over the running product: forgotten for good, with a proof that holds without the server."""

import json

import pytest

from agent.commands.customer import NOT_GENUINE
from tests.e2e.stack import PASSWORD, Stack

pytestmark = pytest.mark.xdist_group("session_commands")


def test_a_customer_is_forgotten_and_the_proof_holds(stack: Stack) -> None:
    made = stack.ok("POST", "/v1/sessions", {"mode": "view", "customer": {"name": "Hanako", "email": "h@example.jp"}})
    stack.ok("POST", f"/v1/sessions/{made['id']}/end")
    assert "Hanako" in stack.tasuki("customer", "list", "--email", "H@example.jp").stdout
    file = stack.data / "proof.json"
    words = (
        "customer",
        "forget",
        "--session",
        made["id"],
        "--reason",
        "She asked for it.",
        "--yes",
        "--out",
        str(file),
    )
    done = stack.tasuki(*words, "--password-stdin", stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    assert "forgotten" in done.stdout
    assert "Hanako" not in stack.tasuki("customer", "list").stdout
    checked = json.loads(stack.tasuki("customer", "verify", str(file), "--json").stdout)
    assert checked["subject"] == made["customer_id"]
    kept = json.loads(file.read_text())
    head, body, signature = kept["proof"].split(".")
    damaged: list[object] = [
        {**kept, "proof": f"{head}.{body[:-4]}AAAA.{signature}"},
        {**kept, "jwks": {"keys": []}},
        {},
        [],
    ]
    for damage in damaged:
        file.write_text(json.dumps(damage))
        assert stack.tasuki("customer", "verify", str(file)).returncode == NOT_GENUINE
    assert stack.tasuki("customer", "forget", "--reason", "x", "--yes").returncode == 2
