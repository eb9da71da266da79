"""The table of members in docs/policies.md, made from api/policies/members.py. `python -m tools.policies_table [--check]`."""

import sys
from pathlib import Path
from typing import Any

from api.policies.members import RULES, Members

FILE = Path(__file__).parent.parent / "docs" / "policies.md"
BEGIN, END = "<!-- members -->\n", "<!-- end of members -->\n"
HELD_BY = {
    "session creation and tickets": {
        "modes", "hours", "reason_required", "networks", "machines_required", "second_factor_required",
        "native_viewer_required",
    },
    "host, and the relay by stream": {"chat", "clipboard_to_customer", "clipboard_from_customer", "file_to_customer",
                                      "file_from_customer", "voice"},
    "host, relay and server": {"max_session_seconds"},
    "relay": {"max_bytes_per_second"},
    "both ends, in the handshake": {"verification", "pq_required"},
    "the server refuses what it cannot do": {"recording"},
}  # fmt: skip
"""Who holds a member to what it says; the others are held by the host."""


_WIDEST = {"networks": "anywhere", "hours": "always", "modes": "all", "applications": "all"}


def table() -> str:
    """The rows, in the order of the members."""
    rows = ["| member | values | left out | what it says | held by |", "|---|---|---|---|---|"]
    schema = Members.model_json_schema()
    for name, field in Members.model_fields.items():
        about = str(field.description).replace("|", "\\|")
        widest = _WIDEST.get(name) or _said(RULES[name].widest)
        rows.append(f"| `{name}` | {_values(schema, name)} | {widest} | {about} | {_held(name)} |")
    return "\n".join(rows) + "\n"


def _values(schema: dict[str, Any], name: str) -> str:
    kinds = [one for one in schema["properties"][name]["anyOf"] if one.get("type") != "null"]
    kind = kinds[0]
    if "enum" in kind:
        return " · ".join(f"`{word}`" for word in kind["enum"])
    if kind.get("type") == "integer":
        return f"{kind['minimum']:,} to {kind['maximum']:,}"
    return {"boolean": "true, false", "array": "a list"}.get(kind.get("type", ""), "`{allow, deny}`")


def _said(widest: Any) -> str:
    return "no limit" if widest is None else str(widest).lower()


def _held(name: str) -> str:
    return next((who for who, names in HELD_BY.items() if name in names), "host")


def whole(text: str) -> str:
    """The page with the table as it is now."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}{table()}{END}{rest.split(END)[1]}"


def main() -> int:
    text = FILE.read_text()
    if whole(text) == text:
        return 0
    if "--check" in sys.argv:
        sys.stderr.write("docs/policies.md is stale; run: python -m tools.policies_table\n")
        return 1
    FILE.write_text(whole(text))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
