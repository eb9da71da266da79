"""Generated requests to every operation: no 5xx that is a bug, no answer that is not documented, bodies and headers as said.

A few of them for each, the same ones in every run; `make fuzz` goes on for as long as it is told.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz.cases import Served, operations, served, try_operation
from tests.integration.api.support import Installation

WITH_TOKEN, WITHOUT = 5, 2
SLOW = {"create_access_token", "sign_in", "change_password", "create_operator", "reset_operator_password"}
"""They hash passwords, which is meant to take its time."""
OPERATIONS = operations()


@pytest.fixture(scope="module")
def app(template: Installation) -> Iterator[Served]:
    with served(template) as running:
        yield running


@pytest.mark.parametrize("operation", [pytest.param(value, id=name) for name, value in OPERATIONS.items()])
def test_it_answers_as_documented(app: Served, operation: Any) -> None:
    few = operation.definition.raw["operationId"] in SLOW
    assert try_operation(app, operation, token=True, examples=2 if few else WITH_TOKEN) > 0
    assert try_operation(app, operation, token=False, examples=1 if few else WITHOUT) > 0
