"""How problems appear in the OpenAPI document of an operation."""

from typing import Any

from api.problems import MEDIA_TYPE, Problem

Answers = dict[int | str, dict[str, Any]]


def answers(*kinds: type[Problem]) -> Answers:
    """The `responses` of a route that can raise `kinds`; kinds of one status share an entry, each with its example."""
    found: Answers = {}
    for kind in kinds:
        entry = found.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["description"] = "; or: ".join(filter(None, [entry["description"], f"{kind.title} (`{kind.slug}`)"]))
        entry["content"][MEDIA_TYPE]["examples"][kind.slug] = {"value": example(kind)}
    return found


def example(kind: type[Problem]) -> dict[str, Any]:
    """A problem document of a kind."""
    detail = (kind.__doc__ or kind.title).strip().splitlines()[0]
    return Problem.body(kind(detail), "req_01KAH2V5QJ6T8N3W9XZB4C7D0E")
