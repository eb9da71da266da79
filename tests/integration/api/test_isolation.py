"""Two organisations: whatever is asked about the one by the administrator of the other, nothing of it is in any answer."""

import functools
import re
from typing import Any

import pytest

from tests.integration.api.described import openapi_document
from tests.integration.api.support import Api

MARK = "onlyacmeknows"
PUBLIC = {"/v1/join", "/v1/join/preview"}
"""Whoever has the code of a session is told whose it is: that is what a code is for."""


@functools.cache
def reading() -> list[tuple[str, list[str]]]:
    """Every path that can be read by an operator, and the parameters in it."""
    return [
        (path, re.findall(r"\{(\w+)\}", path))
        for path, methods in openapi_document()["paths"].items()
        if "operator" in {name for needed in methods.get("get", {}).get("security", []) for name in needed}
    ]


async def filled(api: Api) -> dict[str, str]:
    """Something of everything, with a mark that the other organisation must never see; ids by path parameter."""
    ids = {"operator_id": api.bob.id}
    for path in ("/v1/organization", f"/v1/operators/{api.alice.id}"):
        assert (await api.http.patch(path, json={"name": MARK}, headers=api.alice.headers)).status_code == 200
    customer = {"customer": {"name": MARK}, "reference": {"system": "x", "id": MARK}}
    hook = {"name": MARK, "operator_id": api.bob.id, "mode": "view"}
    endpoint = {"url": f"https://203.0.114.9/{MARK}", "events": ["session.ended"]}
    posts: list[tuple[str, str, dict[str, Any]]] = [
        ("session_id", "/v1/sessions", {"mode": "control", **customer}),
        ("key_id", "/v1/api-keys", {"name": MARK, "scopes": ["me:read"]}),
        ("endpoint_id", "/v1/webhook-endpoints", endpoint),
        ("policy_id", "/v1/policies", {"name": MARK, "members": {}}),
        ("integration_id", "/v1/integrations", hook),
    ]
    for parameter, path, body in posts:
        made = await api.http.post(path, json=body, headers=api.alice.headers)
        assert made.status_code == 201, (path, made.text)
        ids[parameter] = made.json()["id"]
    return ids


@pytest.mark.rule("R01")
async def test_nothing_of_another_organisation_is_in_any_answer(api: Api) -> None:
    ids = await filled(api)
    mine = {api.alice.id, api.bob.id, *ids.values()}
    seen = 0
    for path, parameters in reading():
        url = path
        for parameter in parameters:
            url = url.replace(f"{{{parameter}}}", ids.get(parameter, api.bob.id))
        answer = await api.http.get(url, headers=api.gina.headers)
        assert answer.status_code in ({404} if parameters else {200, 403, 404, 422}), (path, answer.text)
        assert MARK not in answer.text, path
        if not parameters:
            assert not mine & set(re.findall(r"[a-z]{3}_[0-9A-Z]{26}", answer.text)), path
            own = await api.http.get(url, headers=api.alice.headers)
            seen += MARK in own.text
    assert seen >= 6
