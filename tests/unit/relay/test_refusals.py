"""A refused handshake says why, in the form in which the api answers problems."""

import json

import pytest

from api.problems import SessionGone
from relay.refusals import Refused

REFUSALS = [
    Refused.not_found(), Refused.bad_request("x"), Refused.ticket("ticket-used", "x"), Refused.origin(),
    Refused.host_present(), Refused.gone("operator", "solved"), Refused.full("x"), Refused.draining(), Refused.not_ready(),
]  # fmt: skip


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: str(refused.slug))
def test_the_body_is_a_problem_as_the_api_answers_it(refused: Refused) -> None:
    body = json.loads(refused.body)
    assert (body["type"], body["slug"]) == (f"/problems/{refused.slug}", refused.slug)
    assert (body["status"], body["title"]) == (int(refused.status), refused.status.phrase)
    assert body["detail"]


def test_an_ended_session_is_told_by_relay_and_api_alike() -> None:
    by_relay = json.loads(Refused.gone("operator", "solved").body)
    by_api = SessionGone("x", ended_by="operator", reason="solved").body("req_1")
    for name in ("type", "slug", "status", "ended_by", "reason"):
        assert by_relay[name] == by_api[name]
