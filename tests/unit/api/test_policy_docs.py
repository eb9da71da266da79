"""docs/policies.md has the members as they are, and statements with the largest policies can still be signed."""

from types import SimpleNamespace
from typing import Any

from api.kit.clock import SystemClock
from api.policies.layers import Layer, LayerKind, resolve
from api.policies.members import MAX_APPLICATION_BYTES, Members, said
from api.sessions import statement
from api.signing.signer import Signer
from tools import policies_table
from wire.limits import MAX_TOKEN_BYTES
from wire.tokens import SigningKey


def test_the_table_of_members_is_the_one_of_the_code() -> None:
    text = policies_table.FILE.read_text()
    assert policies_table.whole(text) == text, "run: python -m tools.policies_table"
    assert set(Members.model_fields) >= set().union(*policies_table.HELD_BY.values())


def policy(letter: str) -> dict[str, Any]:
    """As many long names as a policy can have, all different from those of another letter."""
    names = [f"{letter}{number:02}".ljust(90, "x") for number in range(MAX_APPLICATION_BYTES // 93)]
    return said(Members.model_validate({"applications": {"deny": names}}))


def test_the_largest_policies_fit_into_a_signed_token() -> None:
    layers = [Layer(LayerKind.OPERATOR_POLICY, None, "x", policy(letter)) for letter in "abc"]
    signer = Signer("https://support.example.com", SystemClock())
    signer.load(SigningKey.generate(), {})
    session: Any = SimpleNamespace(id="ses_01KAH2V5QJ6T8N3W9XZB4C7D0E", policy_version=10**6, mode="control")
    token = statement.policy_token(signer, session, resolve(layers).values)
    assert len(token) < MAX_TOKEN_BYTES - 1024, "a statement has names of people beside it"
