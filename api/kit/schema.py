"""The base of every body: a misspelt member is an error, not a setting that silently does nothing."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

MAX_NAME_CHARACTERS = 100

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS)]
"""What people are shown: of a person, an organisation, a relay's region."""


class Body(BaseModel):
    """A request body: unknown members are refused, and texts with NUL, which PostgreSQL cannot store."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _no_nul(cls, given: Any) -> Any:
        if isinstance(given, dict) and any(_has_nul(item) for pair in given.items() for item in pair):
            raise ValueError("texts must not contain the character NUL")
        return given


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(from_attributes=True)


def _has_nul(value: Any) -> bool:
    """In a text or one level of members or items; deeper bodies have their own check."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(isinstance(item, str) and "\0" in item for pair in value.items() for item in pair)
    return isinstance(value, list) and any(isinstance(item, str) and "\0" in item for item in value)
