"""`tasuki enroll` and `tasuki device …`: this machine as an enrolled device."""

import platform
import re
import sys
from typing import Annotated, Any, Literal

import typer

from agent.api_client import ApiClient, ApiError, ServerUnreachableError
from agent.commands.join import checked_server
from agent.commands.output import REFUSED, CommandError, JsonOption, ServerOption, print_event, print_json, run, say
from agent.device.client import DeviceClient, WipedError
from agent.device.identity import Identity, NotEnrolledError, default_path, new_key
from texts import language_from_env, translate
from wire import devices

_TOKEN = re.compile(r"ten_[A-Za-z0-9_-]{43}", re.ASCII)
_ASKED = {None: "always", "ask": "always", "ask-if-present": "if somebody is there", "never": "no"}

app = typer.Typer(help="This machine as an enrolled device.", no_args_is_help=True)


def _identity() -> Identity:
    try:
        return Identity.load(default_path())
    except NotEnrolledError as error:
        raise CommandError(str(error)) from error


def enroll(
    token: Annotated[str, typer.Argument(help="The enrolment token (ten_…) that an administrator made; - reads it.")],
    server: ServerOption = None,
    name: Annotated[
        str | None, typer.Option(help="How operators see this machine; its host name when left out.")
    ] = None,
    unattended: Annotated[
        bool,
        typer.Option("--unattended", help="Allow sessions without asking. Prints the access key that operators need."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Enrol this machine, so that operators of an organisation can reach it without a code."""
    path = default_path()
    if path.exists():
        raise CommandError(f"this machine is enrolled already ({path}); end that first with: tasuki device forget")
    address = checked_server(server, language_from_env())
    token = sys.stdin.readline().strip() if token == "-" else token.strip()
    if not _TOKEN.fullmatch(token):
        raise CommandError("that is no enrolment token: it begins with ten_ and has 47 characters; copy all of it")
    identity = run(_enrol(address, token, name or platform.node() or "device", unattended, path))
    access_key = None
    if unattended:
        access_key = identity.allow_unattended()
        identity.save(path)
    if as_json:
        print_json(_shown(identity) | ({"access_key": access_key} if access_key else {}))
        return
    say(f"This machine is now the device {identity.name} of {identity.organisation}.", strong=identity.name)
    say(f"  Id           {identity.device_id}")
    say(f"  Fingerprint  {identity.fingerprint}   (the console shows the same)")
    _tell_unattended(access_key)
    say("Now run:  tasuki device run")


async def _enrol(address: str, token: str, name: str, unattended: bool, path: Any) -> Identity:
    key = new_key()
    public = key.public_key().public_bytes_raw()
    identity = Identity(address, "", name, "", key.private_bytes_raw().hex())
    body = {
        "token": token,
        "public_key": public.hex(),
        "signature": identity.sign(devices.enrolment(token, public)),
        "name": name[:100],
        "platform": f"{platform.system()} {platform.release()}"[:60],
        "unattended": unattended,
    }
    async with ApiClient(address) as api:
        try:
            answer = await api.post("/v1/devices/enrol", body, headers={"Idempotency-Key": public.hex()})
        except ApiError as error:
            if error.slug != "enrolment-refused":
                raise
            raise CommandError(error.detail, REFUSED) from error
    identity.device_id, identity.organisation = str(answer["device_id"]), str(answer["organisation"])
    identity.save(path)
    return identity


def _tell_unattended(access_key: str | None) -> None:
    if access_key is None:
        say("  Sessions     somebody here is asked each time (allow others with: tasuki device unattended on)")
        return
    say("  Sessions     also without asking, with this access key and as the organisation's rules say:")
    say(f"\n    {access_key}\n", strong=access_key)
    say("  It is shown only now and never goes to the server. Give it to the operators, who use it with:")
    say("    tasuki view --device NAME --access-key-file FILE")


def _shown(identity: Identity) -> dict[str, Any]:
    return {
        "device_id": identity.device_id,
        "name": identity.name,
        "organisation": identity.organisation,
        "server": identity.server,
        "fingerprint": identity.fingerprint,
        "unattended": identity.unattended,
    }


@app.command("run")
def run_(
    screen: Annotated[str, typer.Option(help="'desktop', or 'drawn' for a made-up picture.")] = "desktop",
    monitor: Annotated[int, typer.Option(min=1, help="Which monitor to show.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Wait for operators, for as long as this runs. Somebody here is asked, unless that was turned off here."""
    from agent.device.runner import Runner  # noqa: PLC0415

    identity = _identity()

    def tell(event: str, sentence: str, **members: object) -> None:
        if as_json:
            print_event(event, **members)
        else:
            say(sentence)

    if not as_json:
        about = {"name": identity.name, "organisation": identity.organisation, "server": identity.server}
        say(translate("cli.device.running", language_from_env(), **about), strong=identity.name)
        if identity.unattended:
            say(translate("cli.device.unattended", language_from_env()))
    runner = Runner(identity, default_path(), screen=screen, monitor=monitor, lang=language_from_env(), tell=tell)
    run(runner.run())


@app.command()
def status(as_json: JsonOption = False) -> None:
    """What this machine is enrolled as, and whether the server still knows it."""
    identity = _identity()
    at_server, consent = run(_at_server(identity))
    shown = _shown(identity) | {"at_server": at_server, "consent": consent}
    if as_json:
        print_json(shown)
        return
    rows = (
        ("Device", identity.name), ("Id", identity.device_id), ("Of", identity.organisation), ("Server", identity.server),
        ("Fingerprint", identity.fingerprint), ("At server", at_server), ("Person asked", _ASKED.get(consent, "always")),
        ("Unattended", "allowed here" if identity.unattended else "not allowed here"),
    )  # fmt: skip
    for label, value in rows:
        say(f"  {label:<13} {value}")


async def _at_server(identity: Identity) -> tuple[str, str | None]:
    """How the server sees it: `enabled`, `disabled`, `wiped`, `unknown` or `unreachable`; and its rule for consent."""
    async with ApiClient(identity.server) as api:
        try:
            from agent.device.runner import agent_version, platform_name  # noqa: PLC0415

            answer = await DeviceClient(api, identity).report(platform_name(), agent_version())
        except WipedError:
            default_path().unlink(missing_ok=True)
            return "wiped; its key was deleted here", None
        except ServerUnreachableError:
            return "unreachable", None
        except ApiError as error:
            return {"device-disabled": "disabled"}.get(error.slug, "unknown"), None
    return "enabled", str(answer["consent"])


@app.command()
def unattended(
    wanted: Annotated[Literal["on", "off"], typer.Argument(help="on makes a new access key; off ends the old one.")],
    as_json: JsonOption = False,
) -> None:
    """Allow sessions without asking, or no longer. Nobody but you can: the server has no part in it."""
    identity = _identity()
    access_key = identity.allow_unattended() if wanted == "on" else None
    if wanted == "off":
        identity.access_key = None
    identity.save(default_path())
    at_server, _ = run(_at_server(identity))
    if as_json:
        print_json(_shown(identity) | {"at_server": at_server} | ({"access_key": access_key} if access_key else {}))
        return
    _tell_unattended(access_key)
    if at_server != "enabled":
        say(f"  The server hears of it later (now: {at_server}); here it holds from now on.")


@app.command()
def forget(
    local: Annotated[bool, typer.Option("--local", help="Only here, when the server cannot be reached.")] = False,
) -> None:
    """End the enrolment: at the server, and by deleting the key here."""
    identity = _identity()
    if not local:
        run(_forget(identity))
    default_path().unlink(missing_ok=True)
    say("This machine is no device any more; its key was deleted.")


async def _forget(identity: Identity) -> None:
    async with ApiClient(identity.server) as api:
        try:
            await DeviceClient(api, identity).forget()
        except WipedError:
            return
        except ServerUnreachableError as error:
            raise CommandError(f"{error}; to delete the key only here: tasuki device forget --local") from error
        except ApiError as error:
            if error.status != 401:
                raise
