"""The second step of a sign-in at a terminal: which way, the code, or setting one up because the organisation wants it."""

import sys
from dataclasses import dataclass
from typing import Any

import typer

from agent.api_client import ApiClient, ApiError
from agent.commands.output import NOT_ALLOWED, CommandError, say

WORDS = {
    "totp": "a code of your authenticator app",
    "email": "a code sent by mail",
    "sms": "a code sent by text message",
    "recovery": "one of your recovery codes",
}
SENT = ("email", "sms")
TRIES = 3


@dataclass(frozen=True)
class Asking:
    """How this terminal is asked: by questions, or with lines of stdin for programs."""

    from_stdin: bool
    method: str | None = None
    """The way that was chosen on the command line."""

    def line(self, question: str, *, hide: bool = False) -> str:
        """One answer."""
        if self.from_stdin:
            return sys.stdin.readline().rstrip("\n")
        return str(typer.prompt(question, hide_input=hide, err=True))

    def tell(self, text: str) -> None:
        """A sentence for people; programs are not told."""
        if not self.from_stdin:
            typer.echo(text, err=True)


async def prove(api: ApiClient, problem: ApiError, asking: Asking, headers: dict[str, str]) -> dict[str, Any]:
    """Tokens, after the second step that `mfa-required` asks for."""
    token, method = str(problem.body["mfa_token"]), choose(list(problem.body["methods"]), asking)
    if method in SENT:
        sent = await api.post("/v1/auth/mfa/challenge", {"mfa_token": token, "method": method})
        asking.tell(f"A code was sent to {sent['sent_to']}.")
    for left in reversed(range(1 if asking.from_stdin else TRIES)):
        code = asking.line(f"Second step: {WORDS[method]}")
        if not code:
            raise problem
        try:
            body = {"mfa_token": token, "method": method, "code": plain(code, method)}
            return await api.post("/v1/auth/mfa/verify", body, headers=headers)
        except ApiError as error:
            if error.slug != "second-step-failed" or not left:
                raise
            asking.tell(error.detail)
    raise problem


def choose(methods: list[str], asking: Asking) -> str:
    """One of the ways that a terminal can do; asked for when there are several."""
    offered = [method for method in methods if method in WORDS]
    if asking.method is not None:
        if asking.method not in offered:
            raise CommandError(f"{asking.method} is not set up; there is: {', '.join(offered) or 'none'}", NOT_ALLOWED)
        return asking.method
    if not offered:
        raise CommandError(
            "your second step is a passkey, which a terminal cannot use: sign in to the console in a browser, and set up"
            " an authenticator app there",
            NOT_ALLOWED,
        )
    if len(offered) == 1 or asking.from_stdin:
        return offered[0]
    for number, method in enumerate(offered, 1):
        asking.tell(f"  {number}  {WORDS[method]}")
    answer = asking.line(f"Which way? (1 to {len(offered)})").strip()
    if not (answer.isascii() and answer.isdecimal() and 0 < int(answer) <= len(offered)):
        raise CommandError(f"{answer!r} is none of 1 to {len(offered)}; nothing was done")
    return offered[int(answer) - 1]


async def enrol(api: ApiClient, problem: ApiError, asking: Asking, headers: dict[str, str]) -> dict[str, Any]:
    """Tokens, after setting an authenticator app up: the organisation wants a second factor and there is none."""
    if asking.from_stdin:
        raise problem
    say("Your organisation wants a second step at each sign-in. Set up an authenticator app now.")
    answer = await set_up_totp(api, asking, str(problem.body["mfa_token"]), headers)
    return dict(answer["tokens"])


async def set_up_totp(api: ApiClient, asking: Asking, bearer: str | None, headers: dict[str, str]) -> dict[str, Any]:
    """Show the picture and the key, take the first code; what the confirmation answered."""
    offer = await api.post("/v1/auth/mfa/totp", bearer=bearer)
    show_qr(offer["otpauth_url"])
    say(f"Scan this with the app, or type the key:  {offer['secret']}", strong=offer["secret"])
    for left in reversed(range(TRIES)):
        code = plain(asking.line("The code that the app shows"), "totp")
        try:
            answer = await api.post("/v1/auth/mfa/totp/confirm", {"code": code}, bearer=bearer, headers=headers)
        except ApiError as error:
            if error.slug != "second-step-failed" or not left:
                raise
            asking.tell(error.detail)
        else:
            show_recovery_codes(answer.get("recovery_codes"))
            return answer
    raise AssertionError("the last try either returned or raised")


def show_qr(text: str) -> None:
    """A QR code in the terminal, on stdout."""
    import segno  # noqa: PLC0415

    segno.make(text, error="l", micro=False).terminal(out=sys.stdout, border=2, compact=True)


def show_recovery_codes(codes: list[str] | None) -> None:
    """Shown once."""
    if codes:
        say(
            "\nRecovery codes, for the day you lose the app. Each works once; they are not shown again. Keep them safe:\n"
        )
        for code in codes:
            say(f"    {code}", strong=code)
        say()


def plain(code: str, method: str) -> str:
    """Digits as people type them, with spaces: the server takes six ASCII digits."""
    return code if method == "recovery" else "".join(code.split())
