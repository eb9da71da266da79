"""Mail: queued with what happened, sent over real SMTP, never twice, and nothing of it left when it is done with."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from api.app import start
from api.context import Context
from api.mail import sender
from api.mail import service as mail
from api.mail.message import AddressUnusable, compose
from api.mail.models import OutboundMail
from api.problems import Conflict
from tests.integration.api.support import Installation, running, settings_for, stored_in, wait_until
from tests.support.smtp import PASSWORD, USER, Mailbox, body_of, certificate, mail_server

FROM = "Acme Support <support@example.com>"
VALUES = {"name": "Hanako", "code": "123456", "minutes": 10}


def settings(mailbox: Mailbox, **more: Any) -> dict[str, Any]:
    return {"smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": FROM, **more}


async def put(context: Context, to: str = "hanako@example.jp", language: str = "en", **more: Any) -> bool:
    async with context.database.write() as db:
        good_for = more.pop("good_for", None)
        return mail.queue_until(db, context, to, "sign_in_code", language, good_for, {**VALUES, **more})


async def rows(context: Context) -> list[OutboundMail]:
    async with context.database.read() as db:
        from sqlmodel import select  # noqa: PLC0415 - the test looks where routes do not

        return list((await db.exec(select(OutboundMail))).all())


async def done(context: Context, state: str) -> OutboundMail:
    async def look() -> OutboundMail | None:
        return next((row for row in await rows(context) if row.state == state), None)

    row = await wait_until(look)
    assert isinstance(row, OutboundMail)
    return row


async def test_a_mail_arrives_in_both_forms_and_leaves_nothing(installation: Installation) -> None:
    with mail_server() as mailbox:
        async with running(installation, **settings(mailbox)) as api:
            context = api.app.state.context
            assert await put(context)
            row = await done(context, "sent")
        assert (row.sealed, row.attempts, row.last_error) == (None, 1, None)
        [(envelope, message)] = mailbox.received
        assert (envelope.mail_from, envelope.rcpt_tos) == ("support@example.com", ["hanako@example.jp"])
        assert message["From"] == FROM
        assert message["Message-ID"] == f"<{row.id}@example.com>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert "123456" in body_of(message, "plain")
        assert "123456" in body_of(message, "html")
    assert b"hanako@example.jp" not in stored_in(installation.folder)


async def test_starttls_and_a_password(installation: Installation, tmp_path: Path) -> None:
    tls, vouches = certificate(tmp_path)
    with mail_server(tls=tls, auth=True) as mailbox:
        url = f"smtp://{USER}:pass%2Fword%401@127.0.0.1:{mailbox.port}"
        async with running(installation, **settings(mailbox, smtp_url=url, smtp_ca_file=vouches)) as api:
            await put(api.app.state.context, language="ja")
            await done(api.app.state.context, "sent")
    assert (mailbox.tls, mailbox.users) == ([True], [USER])
    assert mailbox.received[0][1]["Subject"] == "ログイン用のコード"
    assert "Hanako 様" in mailbox.texts()[0]
    assert PASSWORD not in mailbox.texts()[0]


async def test_a_server_that_strips_starttls_gets_nothing(installation: Installation, tmp_path: Path) -> None:
    _, vouches = certificate(tmp_path)
    with mail_server() as mailbox:
        async with running(installation, **settings(mailbox, smtp_ca_file=vouches)) as api:
            context = api.app.state.context
            await put(context)
            row = await wait_until(lambda: failed_once(context))
        assert (row.state, mailbox.received) == ("pending", [])
        assert row.sealed


async def test_a_certificate_nobody_vouches_for_gets_nothing(installation: Installation, tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = certificate(tmp_path / "other")
    with mail_server(tls=tls) as mailbox:
        async with running(installation, **settings(mailbox, smtp_ca_file=other)) as api:
            context = api.app.state.context
            await put(context)
            await wait_until(lambda: failed_once(context))
        assert mailbox.received == []


async def failed_once(context: Context) -> OutboundMail | None:
    return next((row for row in await rows(context) if row.last_error), None)


@asynccontextmanager
async def by_hand(installation: Installation, clock: Any, mailbox: Mailbox) -> AsyncIterator[Context]:
    """What one process holds, without its tasks: the test says when the sender looks."""
    context = Context.build(settings_for(installation.folder, **settings(mailbox)), clock)
    await start(context)
    try:
        yield context
    finally:
        await context.database.close()
        context.keyring.close()


async def test_refused_for_now_is_tried_again_and_for_good_is_not(installation: Installation, clock: Any) -> None:
    with mail_server() as mailbox:
        mailbox.answers = ["451 later", "421 later still"]
        async with by_hand(installation, clock, mailbox) as context:
            await put(context)
            tries = []
            for seconds in (0, 1, 6, 1, 36, 1):
                clock.advance(seconds=seconds)
                tries.append(await sender.send_due(context))
            assert tries == [1, 0, 1, 0, 1, 0]
            assert (await done(context, "sent")).attempts == 3
            mailbox.recipient_answer = "550 no such mailbox"
            await put(context, to="nobody@example.jp")
            assert await sender.send_due(context) == 1
            gone = await done(context, "dead")
        assert (gone.attempts, gone.sealed) == (1, None)
        assert gone.last_error == "recipient refused (550)"
        assert len(mailbox.received) == 1


async def test_given_up_at_last_and_a_code_nobody_can_use_is_not_sent(installation: Installation, clock: Any) -> None:
    with mail_server() as mailbox:
        mailbox.answers = ["451 later"] * 20
        async with by_hand(installation, clock, mailbox) as context:
            await put(context)
            tries = 0
            while taken := await sender.send_due(context):
                tries += taken
                clock.advance(days=1)
            row = await done(context, "dead")
            assert row.attempts == tries == len(sender.PAUSES) + 1
            assert row.sealed is None
            await put(context, good_for=timedelta(minutes=10))
            assert await sender.send_due(context) == 1
            clock.advance(minutes=11)
            mailbox.answers = []
            assert await sender.send_due(context) == 1
            assert [row.state for row in await rows(context)] == ["dead", "dead"]
        assert mailbox.received == []


async def test_one_that_cannot_be_read_holds_up_no_other(installation: Installation, clock: Any) -> None:
    with mail_server() as mailbox:
        async with by_hand(installation, clock, mailbox) as context:
            await put(context)
            [damaged] = await rows(context)
            async with context.database.write() as db:
                damaged.sealed = bytes(reversed(damaged.sealed or b""))
                db.add(damaged)
            await put(context, to="taro@example.jp")
            await sender.send_due(context)
            assert (await done(context, "sent")).id != damaged.id
            [waits] = [row for row in await rows(context) if row.id == damaged.id]
            assert (waits.state, waits.attempts, waits.last_error) == ("pending", 1, "it cannot be read")
        assert len(mailbox.received) == 1


async def test_several_processes_send_nothing_twice(installation: Installation, clock: Any) -> None:
    with mail_server() as mailbox:
        async with by_hand(installation, clock, mailbox) as one, by_hand(installation, clock, mailbox) as two:
            await asyncio.gather(*(put((one, two)[number % 2], code=f"{number:06}") for number in range(20)))
            taken = 0
            while found := sum(await asyncio.gather(*map(sender.send_due, (one, two, one, two)))):
                taken += found
            assert taken == 20
            assert {row.state for row in await rows(one)} == {"sent"}
        codes = [text.split("code for signing in is ")[1][:6] for text in mailbox.texts()]
        assert sorted(codes) == [f"{number:06}" for number in range(20)]


async def test_what_is_rolled_back_is_not_mailed_and_without_smtp_nothing_is_queued(installation: Installation) -> None:
    with mail_server() as mailbox:
        async with running(installation, **settings(mailbox)) as api:
            context = api.app.state.context
            with pytest.raises(Conflict):
                await fail_after_queueing(context)
            assert await rows(context) == []
    async with running(installation) as api:
        assert not await put(api.app.state.context)
        assert await rows(api.app.state.context) == []


async def fail_after_queueing(context: Context) -> None:
    async with context.database.write() as db:
        assert mail.queue(db, context, "hanako@example.jp", "sign_in_code", "en", name="x", code="1", minutes=1)
        raise Conflict("something else went wrong")


@pytest.mark.parametrize(
    "name",
    ["Eve\r\nBcc: all@example.com", "Eve\nSubject: x\n\nbody", "<script>alert(1)</script>", "\u202eevE", "x" * 9000],
)
def test_no_value_becomes_a_header_or_a_script(name: str, clock: Any) -> None:
    made = compose(
        "sign_in_code",
        "en",
        {**VALUES, "name": name},
        sender=FROM,
        to="h@example.jp",
        mail_id="eml_1",
        date=clock.now(),
    )
    message: Any = email.message_from_bytes(made, policy=default)
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert message["To"] == "h@example.jp"
    assert "<script" not in body_of(message, "html")
    assert "\u202e" not in body_of(message, "plain")
    assert len(made) < 12_000


@pytest.mark.parametrize(
    "to", ["", "x", "a@b\r\nBcc: c@d", "a@b, c@d", "花子@example.jp", "a b@example.jp", "<a@b>", "a@"]
)
def test_an_address_that_is_none_is_refused(to: str, clock: Any) -> None:
    with pytest.raises(AddressUnusable):
        compose("sign_in_code", "en", dict(VALUES), sender=FROM, to=to, mail_id="eml_1", date=clock.now())
