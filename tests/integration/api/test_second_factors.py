"""Second steps: each code works once, within a budget; set up, asked for, enforced, lost and removed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from standardwebhooks import Webhook

from tests.integration.api.signing_in import (
    actions,
    code_in,
    pending,
    post,
    set_up_totp,
    signed_in,
    token,
    verify,
    with_totp,
)
from tests.integration.api.support import PASSWORD, Api, Installation, problem, running, stored_in, wait_until
from tests.integration.api.test_webhooks import Receiver, receiving
from tests.support.smtp import Mailbox, mail_server
from wire import tokens

STEP = timedelta(seconds=30)
FROM = "Acme Support <support@example.com>"


async def test_an_authenticator_app_from_picture_to_sign_in(api: Api) -> None:
    offer = (await post(api, "mfa/totp", api.bob.access_token)).json()
    assert len(offer["secret"]) == 32
    assert offer["otpauth_url"].startswith("otpauth://totp/Tasuki%20acme:acme/bob?secret=" + offer["secret"])
    assert offer["qr_svg"].startswith("<svg ")
    assert (await token(api)).status_code == 200, "not confirmed yet: it does not count"
    app, _ = await with_totp(api)
    waiting = await pending(api)
    assert waiting["methods"] == ["totp", "recovery"]
    given = await verify(api, waiting, "totp", app.at(api.clock.now()))
    claims = tokens.unverified_claims(given.json()["access_token"])
    assert claims["amr"] == ["password", "totp"]
    me = await api.http.get("/v1/me", headers=signed_in(api.bob, given).headers)
    assert me.status_code == 200


@pytest.mark.rule("R08")
async def test_a_code_works_once_replay(api: Api) -> None:
    app, _ = await with_totp(api)
    code = app.at(api.clock.now())
    assert (await verify(api, await pending(api), "totp", code)).status_code == 200
    problem(await verify(api, await pending(api), "totp", code), 403, "second-step-failed")
    before = app.at(api.clock.now() - STEP)
    problem(await verify(api, await pending(api), "totp", before), 403, "second-step-failed")
    assert (await verify(api, await pending(api), "totp", app.at(api.clock.now() + STEP))).status_code == 200


@pytest.mark.rule("R08")
async def test_two_processes_take_a_code_once_replay(installation: Installation, clock: Any) -> None:
    async with running(installation, clock) as one, running(installation, clock) as two:
        app, recovery = await with_totp(one)
        waiting = [await pending(one), await pending(two)]
        for method, code in (("totp", app.at(clock.now())), ("recovery", recovery[0])):
            answers = await asyncio.gather(*(verify(each, waiting[0], method, code) for each in (one, two, one, two)))
            assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
            clock.advance(minutes=6)


@pytest.mark.rule("R08")
async def test_what_is_no_code(api: Api) -> None:
    """Other digits than ASCII, other lengths, other times; the same right code is taken in the end."""
    app, _ = await with_totp(api)
    for number in range(9):
        if number % 4 == 0:
            api.clock.advance(minutes=6)
            waiting = await pending(api)
        now = api.clock.now()
        code = app.at(now)
        shown = (
            code.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
            code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
            f" {code}", f"+{code[1:]}", code[:5], f"{code}0", "abcdef", app.at(now - 3 * STEP), app.at(now + 3 * STEP),
        )[number]  # fmt: skip
        problem(await verify(api, waiting, "totp", shown), 403, "second-step-failed")
    assert (await verify(api, waiting, "totp", app.at(api.clock.now()))).status_code == 200


async def test_five_failures_make_everybody_wait_and_twenty_a_day(installation: Installation, clock: Any) -> None:
    async with running(installation, clock) as api:
        app, _ = await with_totp(api)
        waiting = await pending(api)
        for _ in range(5):
            problem(await verify(api, waiting, "totp", "000000"), 403, "second-step-failed")
        held = await verify(api, waiting, "totp", app.at(clock.now()))
        problem(held, 429, "too-many-requests")
        assert 290 <= int(held.headers["retry-after"]) <= 301
    async with running(installation, clock) as api:
        problem(await verify(api, await pending(api), "totp", app.at(clock.now())), 429, "too-many-requests")
        for _ in range(3):
            clock.advance(minutes=6)
            waiting = await pending(api)
            for _ in range(5):
                problem(await verify(api, waiting, "totp", "000000"), 403, "second-step-failed")
        clock.advance(minutes=6)
        waiting = await pending(api)
        problem(await verify(api, waiting, "totp", app.at(clock.now())), 429, "too-many-requests")
        clock.advance(hours=24)
        assert (await verify(api, await pending(api), "totp", app.at(clock.now()))).status_code == 200


async def test_guesses_at_once_stay_within_the_budget(api: Api) -> None:
    await with_totp(api)
    waiting = await pending(api)
    answers = await asyncio.gather(*(verify(api, waiting, "totp", f"{number:06}") for number in range(40)))
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 35


async def test_recovery_codes_work_once_each_and_are_told_of(installation: Installation) -> None:
    with mail_server() as mailbox:
        async with mailing(installation, mailbox) as api:
            await api.http.patch(
                f"/v1/operators/{api.bob.id}", json={"email": "bob@example.com"}, headers=api.alice.headers
            )
            _, codes = await with_totp(api)
            assert len(set(codes)) == 10
            assert all(len(code.replace("-", "")) == 16 for code in codes), "16 letters of 5 bits: 80 bits"
            typed = codes[3].upper().replace("-", " ")
            assert (await verify(api, await pending(api), "recovery", typed)).status_code == 200
            problem(await verify(api, await pending(api), "recovery", codes[3]), 403, "second-step-failed")
            assert "second_factor.recovery_code_used" in await actions(api)
            await wait_until(lambda: arrived(mailbox, "recovery code"))
            fresh = await post(api, "mfa/recovery-codes", api.bob.access_token)
            assert len(fresh.json()["recovery_codes"]) == 10
            problem(await verify(api, await pending(api), "recovery", codes[0]), 403, "second-step-failed")
    stored = stored_in(installation.folder)
    assert codes[0].encode() not in stored
    assert codes[0].replace("-", "").encode() not in stored


async def arrived(mailbox: Mailbox, words: str) -> bool:
    return any(words in str(message["Subject"]) for _, message in mailbox.received)


@asynccontextmanager
async def mailing(installation: Installation, mailbox: Mailbox, **more: Any) -> AsyncIterator[Api]:
    url = f"smtp://127.0.0.1:{mailbox.port}"
    async with running(installation, smtp_url=url, mail_from=FROM, **more) as api:
        yield api


async def test_codes_by_mail(installation: Installation) -> None:
    with mail_server() as mailbox:
        async with mailing(installation, mailbox) as api:
            offer = await post(api, "mfa/email", api.bob.access_token, email="bob@example.com")
            assert offer.json()["sent_to"] == "b…@example.com"
            await wait_until(lambda: count(mailbox, 1))
            wrong = await post(api, "mfa/email/confirm", api.bob.access_token, code="000000x")
            problem(wrong, 403, "second-step-failed")
            confirmed = await post(api, "mfa/email/confirm", api.bob.access_token, code=code_in(mailbox.texts()[0]))
            assert len(confirmed.json()["recovery_codes"]) == 10
            mine, other = await pending(api), await pending(api)
            for number, waiting in enumerate((mine, other)):
                sent = await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="email")
                assert sent.status_code == 200, sent.text
                await wait_until(lambda number=number: count(mailbox, number + 2))
            code = code_in(mailbox.texts()[1])
            problem(await verify(api, other, "email", code), 403, "second-step-failed")
            assert (await verify(api, mine, "email", code)).status_code == 200
            problem(await verify(api, mine, "email", code), 403, "second-step-failed")
            late = await pending(api)
            await post(api, "mfa/challenge", mfa_token=late["mfa_token"], method="email")
            await wait_until(lambda: count(mailbox, 4))
            api.clock.advance(minutes=9, seconds=50)
            assert (await verify(api, late, "email", code_in(mailbox.texts()[3]))).status_code == 200
            for _ in range(5):
                flood = await post(api, "mfa/challenge", mfa_token=(await pending(api))["mfa_token"], method="email")
            problem(flood, 429, "too-many-requests")


async def count(mailbox: Mailbox, number: int) -> bool:
    return len(mailbox.received) >= number


@pytest.fixture
async def gateway() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_codes_by_sms(installation: Installation, gateway: Receiver, tmp_path: Path) -> None:
    secret = tmp_path / "sms.secret"
    secret.write_text("whsec_" + "c2VjcmV0IG9mIHRoZSBnYXRld2F5ISE=" + "\n")
    url = f"http://127.0.0.1:{gateway.port}/send"
    settings: dict[str, Any] = {
        "sms_gateway_url": url,
        "sms_gateway_secret_file": secret,
        "webhook_allow_networks": "127.0.0.0/8",
    }
    async with running(installation, **settings) as api:
        offer = await post(api, "mfa/sms", api.bob.access_token, phone="+819012345678")
        assert offer.json()["sent_to"] == "+81…78"
        headers, body = gateway.requests[0]
        said = Webhook(secret.read_text().strip()).verify(body, headers)
        assert said["data"]["to"] == "+819012345678"
        code = code_in(said["data"]["text"])
        assert (await post(api, "mfa/sms/confirm", api.bob.access_token, code=code)).status_code == 200
        waiting = await pending(api)
        gateway.answers = [b"500 No", b"204 No Content"]
        assert (await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="sms")).status_code == 200
        assert gateway.requests[1][0]["webhook-id"] == gateway.requests[2][0]["webhook-id"]
        code = code_in(json.loads(gateway.requests[2][1])["data"]["text"])
        assert (await verify(api, waiting, "sms", code)).status_code == 200
        gateway.answers = [b"500 No"] * 2
        failed = await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="sms")
        problem(failed, 503, "unavailable")


async def test_a_gateway_in_our_own_network_is_not_called(
    installation: Installation, gateway: Receiver, tmp_path: Path
) -> None:
    secret = tmp_path / "sms.secret"
    secret.write_text("whsec_c2VjcmV0IG9mIHRoZSBnYXRld2F5ISE=")
    url = f"http://127.0.0.1:{gateway.port}/send"
    async with running(installation, sms_gateway_url=url, sms_gateway_secret_file=secret) as api:
        refused = await post(api, "mfa/sms", api.bob.access_token, phone="+819012345678")
        problem(refused, 503, "unavailable")
    assert gateway.requests == []


async def enforce(api: Api, whom: str) -> None:
    body = {"settings": {"second_factor": whom}}
    answer = await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text


async def test_an_organisation_that_wants_it_gets_it_before_anything_else(api: Api) -> None:
    await enforce(api, "everyone")
    refused = problem(await token(api), 403, "mfa-enrolment-required")
    assert refused["methods"] == ["passkey", "totp"]
    enrolment = refused["mfa_token"]
    for path in ("/v1/me", "/v1/sessions", "/v1/auth/mfa"):
        problem(await api.http.get(path, headers={"Authorization": f"Bearer {enrolment}"}), 401, "token-refused")
    problem(await verify(api, refused, "totp", "000000"), 401, "token-refused")
    problem(await api.http.post("/v1/machines", json={"name": "x", "public_key": "A" * 43},
                                headers={"Authorization": f"Bearer {enrolment}"}), 401, "token-refused")  # fmt: skip
    _, answer = await set_up_totp(api, enrolment)
    assert len(answer["recovery_codes"]) == 10
    bob = signed_in(api.bob, httpx.Response(200, json=answer))
    assert (await api.http.get("/v1/me", headers=bob.headers)).status_code == 200
    problem(await post(api, "mfa/totp", enrolment), 401, "token-refused")
    kept = await api.http.delete("/v1/auth/mfa/totp", headers=bob.headers)
    problem(kept, 409, "conflict")
    await enforce(api, "off")
    assert (await api.http.delete("/v1/auth/mfa/totp", headers=bob.headers)).status_code == 204
    assert (await token(api)).status_code == 200


async def test_a_pending_sign_in_ends_with_the_password_it_began_with(api: Api) -> None:
    app, _ = await with_totp(api)
    old = await pending(api)
    waiting = problem(await change(api, "another long password"), 401, "mfa-required")
    assert (await pending(api))["methods"], "nothing has changed before the second step"
    assert (await verify(api, waiting, "totp", app.at(api.clock.now()))).status_code == 200
    problem(await token(api), 401, "sign-in-failed")
    api.clock.advance(seconds=60)
    problem(await verify(api, old, "totp", app.at(api.clock.now())), 401, "token-refused")
    problem(await verify(api, waiting, "totp", app.at(api.clock.now())), 401, "token-refused")
    problem(await token(api, password="another long password"), 401, "mfa-required")


async def change(api: Api, new: str) -> Any:
    body = {"username": "acme/bob", "password": PASSWORD, "new_password": new}
    return await api.http.post("/v1/auth/password", json=body)


async def test_a_pending_sign_in_ends_with_a_suspension_and_with_time(api: Api) -> None:
    app, _ = await with_totp(api)
    waiting = await pending(api)
    api.clock.advance(minutes=11)
    problem(await verify(api, waiting, "totp", app.at(api.clock.now())), 401, "token-refused")
    waiting = await pending(api)
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"suspended": True}, headers=api.alice.headers)
    problem(await verify(api, waiting, "totp", app.at(api.clock.now())), 401, "token-refused")


async def test_what_is_set_up_is_seen_and_replaced(api: Api) -> None:
    first, _ = await with_totp(api)
    offer = (await post(api, "mfa/totp", api.bob.access_token)).json()
    seen = await api.get("/v1/auth/mfa", api.bob)
    assert [factor["method"] for factor in seen["factors"]] == ["totp"]
    assert (seen["recovery_codes_left"], seen["passkeys"], seen["required"]) == (10, 0, False)
    assert (await verify(api, await pending(api), "totp", first.at(api.clock.now()))).status_code == 200
    second = pyotp.TOTP(offer["secret"])
    again = await post(api, "mfa/totp/confirm", api.bob.access_token, code=second.at(api.clock.now()))
    assert again.json()["recovery_codes"] is None, "there are some already"
    api.clock.advance(seconds=60)
    problem(await verify(api, await pending(api), "totp", first.at(api.clock.now())), 403, "second-step-failed")
    assert (await verify(api, await pending(api), "totp", second.at(api.clock.now()))).status_code == 200


async def test_an_administrator_takes_away_what_is_lost(api: Api) -> None:
    await with_totp(api)
    reset = await api.http.post(f"/v1/operators/{api.bob.id}/reset-second-factor", headers=api.alice.headers)
    assert reset.status_code == 204, reset.text
    assert (await token(api)).status_code == 200


async def test_the_secret_is_sealed(api: Api) -> None:
    app, _ = await with_totp(api)
    assert app.secret.encode() not in stored_in(api.folder)


async def test_five_wrong_codes_forget_what_was_to_be_set_up(api: Api) -> None:
    offer = (await post(api, "mfa/totp", api.bob.access_token)).json()
    app = pyotp.TOTP(offer["secret"])
    now = api.clock.now()
    near = {app.at(now + timedelta(seconds=30 * step)) for step in range(-3, 4)}
    wrong = next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)
    for _ in range(5):
        problem(await post(api, "mfa/totp/confirm", api.bob.access_token, code=wrong), 403, "second-step-failed")
    problem(await post(api, "mfa/totp/confirm", api.bob.access_token, code=app.at(now)), 409, "conflict")
