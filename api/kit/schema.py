"""The base of every body: a misspelt member is an error, not a setting that silently does nothing."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

MAX_NAME_CHARACTERS = 100

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS)]
"""What people are shown: of a person, an organisation, a relay's region."""


class Body(BaseModel):
    """A request body: unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(from_attributes=True)
