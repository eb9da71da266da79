"""The Python in docs/integrations works as printed."""

import json
import re
from pathlib import Path
from typing import Any

from tests.integration.api.support import Api
from tests.integration.api.test_webhooks import open_api, receiver, sent, subscribe  # noqa: F401 - fixtures

GUIDE = Path(__file__).parents[3] / "docs" / "integrations" / "README.md"


def printed() -> dict[str, Any]:
    """What the guide's code blocks define."""
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        exec(block, names)
    return names


async def test_the_hook_as_printed(api: Api) -> None:
    mapping = {"customer.name": "ticket.requester.name", "reference.id": "ticket.id"}
    hook = await api.post("/v1/integrations", {"name": "CRM", "operator_id": api.bob.id, "mapping": mapping})
    body = json.dumps({"ticket": {"id": 4711, "requester": {"name": "Hanako Yamada"}}}).encode()
    headers = printed()["signed_headers"](hook["secret"], "evt-1", body)
    answer = await api.http.post(f"/v1/hooks/{hook['id']}", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found = (await api.get("/v1/sessions", reference_id="4711"))["items"]
    assert [session["id"] for session in found] == [answer.json()["session_id"]]


async def test_the_check_as_printed(open_api: Api, receiver: Any) -> None:  # noqa: F811
    endpoint = await subscribe(open_api, receiver)
    session = await open_api.create()
    await open_api.post(f"/v1/sessions/{session['id']}/end", status=200)
    ((headers, body),) = await sent(receiver)
    is_genuine = printed()["is_genuine"]
    assert is_genuine(endpoint["secret"], headers, body)
    assert not is_genuine(endpoint["secret"], headers, body + b" ")
    assert not is_genuine(endpoint["secret"], {**headers, "webhook-timestamp": "1"}, body)
