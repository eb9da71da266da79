"""'Somebody I do not know called me': logged for the organisation, and its administrators are told by mail."""

import pytest

from tests.integration.api.support import Installation, ShiftedClock, running, wait_until
from tests.support.smtp import mail_server


@pytest.mark.parametrize("reason", ["unknown_caller", "ended"])
async def test_administrators_hear_of_it_and_nobody_else(
    installation: Installation, clock: ShiftedClock, reason: str
) -> None:
    with mail_server() as mailbox:
        mail = {"smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": "Tasuki <tasuki@acme.example>"}
        async with running(installation, clock, **mail) as api:
            await api.register_relays()
            told = {"email": "alice@acme.example"}
            changed = await api.http.patch(f"/v1/operators/{api.alice.id}", json=told, headers=api.alice.headers)
            assert changed.status_code == 200, changed.text
            session = await api.create()
            await api.join(session["code"])
            report = {"type": "ended", "by": "customer", "reason": reason}
            await api.report(session["id"], {"type": "joined", "sender": 1}, report, report)
            events = (await api.get("/v1/audit-events", action="session.unknown_caller"))["items"]
            if reason == "ended":
                assert events == []
                return
            (event,) = events
            assert event["target"]["id"] == session["id"]
            assert event["data"]["operator"] == "Alice"
            assert not (await api.get("/v1/audit-events", api.gina, action="session.unknown_caller"))["items"]

            async def arrived() -> bool:
                return bool(mailbox.received)

            await wait_until(arrived)
            ((envelope, message),) = mailbox.received
            assert envelope.rcpt_tos == ["alice@acme.example"]
            text = message.get_body(("plain",))
            assert text is not None
            assert session["id"] in text.get_content()
