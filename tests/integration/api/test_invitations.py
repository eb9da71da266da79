"""The link to a session, sent to the customer by a real mail server; not so often that it is a nuisance."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.api.support import Api, Installation, ShiftedClock, problem, running, wait_until
from tests.support.smtp import Mailbox, body_of, mail_server

CUSTOMER = {"name": "Hanako Yamada", "email": "hanako@example.jp"}


@pytest.fixture
async def posted(installation: Installation, clock: ShiftedClock) -> AsyncIterator[tuple[Api, Mailbox]]:
    """An api with a mail server."""
    with mail_server() as mailbox:
        mail = {"smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": "Acme <support@acme.example>"}
        async with running(installation, clock, **mail) as api:
            await api.register_relays()
            yield api, mailbox


async def sent(mailbox: Mailbox, number: int) -> Any:
    async def arrived() -> bool:
        return len(mailbox.received) >= number

    await wait_until(arrived)
    return mailbox.received[number - 1]


async def test_the_link_arrives_in_the_customers_language(posted: tuple[Api, Mailbox]) -> None:
    api, mailbox = posted
    session = await api.create(customer=CUSTOMER, language="ja")
    path = f"/v1/sessions/{session['id']}/invite"
    answer = await api.post(path, status=200)
    assert (answer["sent"], answer["email"], answer["language"]) == (True, CUSTOMER["email"], "ja")
    envelope, message = await sent(mailbox, 1)
    assert envelope.rcpt_tos == [CUSTOMER["email"]]
    text = body_of(message, "plain")
    assert answer["join_url"] in text
    assert "Hanako Yamada 様" in text
    assert session["join_url"] in body_of(message, "html")
    assert "#k=" not in text, "the secret of the operator's own link never reaches the server"

    problem(await api.http.post(path, headers=api.alice.headers), 429, "too-many-requests")
    await api.later(minutes=1)
    other = await api.post(path, {"email": "taro@example.jp", "language": "en"}, status=200)
    assert (await sent(mailbox, 2))[0].rcpt_tos == ["taro@example.jp"]
    assert other["language"] == "en"
    kinds = [event["type"] for event in (await api.get(f"/v1/sessions/{session['id']}/events"))["items"]]
    assert kinds.count("session.invited") == 2
    lines = (await api.get("/v1/audit-events", action="session.invited"))["items"]
    assert [line["data"]["email"] for line in lines] == ["taro@example.jp", CUSTOMER["email"]]


async def test_an_appointment_says_from_when(posted: tuple[Api, Mailbox]) -> None:
    api, mailbox = posted
    starts = (api.clock.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    session = await api.create(customer=CUSTOMER, starts_at=starts.isoformat(), expires_in=3600)
    await api.post(f"/v1/sessions/{session['id']}/invite", status=200)
    _, message = await sent(mailbox, 1)
    text = body_of(message, "plain")
    assert f"{starts:%Y-%m-%d %H:%M} UTC" in text
    assert "appointment" in message["Subject"]
    assert f"?from={starts:%Y%m%dT%H%MZ}" in text


async def test_ten_mails_are_enough(posted: tuple[Api, Mailbox]) -> None:
    api, _ = posted
    session = await api.create(customer=CUSTOMER, expires_in=3600)
    path = f"/v1/sessions/{session['id']}/invite"
    for _ in range(10):
        await api.post(path, status=200)
        await api.later(minutes=1)
    refused = await api.http.post(path, headers=api.alice.headers)
    assert "10 times" in problem(refused, 429, "too-many-requests")["detail"]


async def test_without_mail_the_answer_has_the_link(api: Api) -> None:
    session = await api.create(customer=CUSTOMER)
    answer = await api.post(f"/v1/sessions/{session['id']}/invite", status=200)
    assert (answer["sent"], answer["join_url"]) == (False, session["join_url"])
    again = await api.post(f"/v1/sessions/{session['id']}/invite", status=200)
    assert not again["sent"]


async def test_only_while_the_code_can_be_used(api: Api) -> None:
    session = await api.create()
    path = f"/v1/sessions/{session['id']}/invite"
    problem(await api.http.post(path, headers=api.bob.headers), 404, "not-found")
    await api.join(session["code"])
    problem(await api.http.post(path, headers=api.alice.headers), 409, "conflict")
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    problem(await api.http.post(path, headers=api.alice.headers), 409, "session-ended")
