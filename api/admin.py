"""`python -m api.admin`: what is done on the server itself, by whoever can read its data directory. No route does this.

init                            an organisation with its first administrator and a one-time password
organization list               all of this server
organization disable | enable   nobody of it signs in, and what runs ends within seconds; and back
organization remove             its keys are destroyed and everything of it is deleted, with a signed proof
organization open               people get in again from any network and without the entry link
keys rotate | status            other keys while everything runs, and how far that is
operator reset                  a one-time password for somebody whom no administrator can help
relay add                       a relay and the token with which it proves itself
backup | backup verify          database and keyring to encrypted files, while the service runs (api/backup/)
restore, check                  put a backup back into an empty place; see whether everything fits together
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from api import admin_accounts, admin_keys, audit
from api.app import start
from api.audit import Action
from api.backup import commands as backup_commands
from api.context import Context
from api.kit.clock import SystemClock
from api.kit.ids import Kind, new_id
from api.kit.schema import MAX_NAME_CHARACTERS
from api.kit.secret import one_time_password, write_secret
from api.main import CannotStart, read_settings, saying_why
from api.operators.models import Operator, Role
from api.operators.schemas import Login
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.relays import service as relays
from api.relays.schemas import RelayUrl
from api.sessions.modes import Mode

Result = dict[str, Any]
COMPANY = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 with one sentence. What it writes is for its own user only."""
    os.umask(0o077)
    given = parse(arguments)
    try:
        with saying_why():
            result = asyncio.run(run(given))
    except CannotStart as error:
        sys.stderr.write(f"tasuki admin: {error}\n")
        return 1
    sys.stdout.write(json.dumps(result) + "\n" if given.json else given.say(result))
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line, taken apart; argparse ends the process with a usage line when it is wrong."""
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tasuki admin", description="Look after this server.")
    commands = parser.add_subparsers(required=True)
    init = commands.add_parser("init", help="make an organisation and its first administrator")
    init.add_argument("--company", required=True, help="what people type as company, such as acme")
    init.add_argument("--login", required=True, help="the administrator's login")
    init.add_argument("--name", help="the administrator's name as customers see it; the login when left out")
    init.add_argument("--organization-name", help="the organisation's name as customers see it")
    init.set_defaults(do=_init, say=_say_init)
    relay = commands.add_parser("relay", help="relays of this server").add_subparsers(required=True)
    add = relay.add_parser("add", help="make a relay's token; of a relay that is there already a new one")
    add.add_argument("--url", required=True, help="where endpoints reach the relay: wss://relay.example.com")
    add.add_argument("--out", required=True, type=Path, help="file for the token, mode 0600")
    add.set_defaults(do=_relay_add, say=_say_relay)
    accounts = admin_accounts.add_commands(commands)
    keys = admin_keys.add_commands(commands)
    backups = backup_commands.add_commands(commands)
    for command in (init, add, *accounts, *keys, *backups):
        command.add_argument("--json", action="store_true", help="for programs")
    return parser


async def run(given: argparse.Namespace) -> Result:
    """Carry out a command on the database of the settings; CannotStart says why it cannot be done."""
    settings = read_settings()
    if getattr(given, "alone", False):  # it must not touch the database as it is
        return Result(await given.do(settings, given))
    context = Context.build(settings, SystemClock())
    do: Callable[[Context, AsyncSession, argparse.Namespace], Awaitable[Result]] = given.do
    try:
        await start(context)
        async with context.database.write() as db:
            return await do(context, db, given)
    finally:
        await context.database.close()
        context.keyring.close()


async def _init(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    company = given.company.strip().lower()
    if not COMPANY.fullmatch(company):
        raise CannotStart("--company takes letters, digits and hyphens, such as acme")
    login = _checked(Login, given.login, "--login")
    if await organizations.by_code(db, company):
        raise CannotStart(f"the company {company} exists already; its administrators make further operators")
    password, now = one_time_password(), context.clock.now()
    organization = Organization(
        id=new_id(Kind.ORGANIZATION), code=company, name=_name(given.organization_name or company), created_at=now
    )
    operator = Operator(
        id=new_id(Kind.OPERATOR),
        organization_id=organization.id,
        login=login,
        name=_name(given.name or login),
        role=Role.ADMINISTRATOR,
        password_hash=await context.passwords.hash(password),
        modes=list(Mode),
        created_at=now,
    )
    db.add(organization)
    await db.flush()
    db.add(operator)
    await db.flush()
    audit.record(db, context, organization.id, Action.ORGANIZATION_CREATED, by=audit.SERVER, target=organization)
    about = {"login": login, "role": operator.role}
    audit.record(db, context, organization.id, Action.OPERATOR_CREATED, by=audit.SERVER, target=operator, **about)
    return {
        "company": company,
        "login": login,
        "username": f"{company}/{login}",
        "password": password,
        "organization_id": organization.id,
        "operator_id": operator.id,
    }


async def _relay_add(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    url = _checked(RelayUrl, given.url, "--url").rstrip("/")
    relay, token = await relays.add(db, context.clock.now(), url)
    await asyncio.to_thread(write_secret, given.out, token)
    return {"relay_id": relay.id, "url": url, "token_file": str(given.out)}


def _checked(kind: Any, value: str, option: str) -> str:
    try:
        return str(TypeAdapter(kind).validate_python(value))
    except ValidationError as error:
        raise CannotStart(f"{option}: {error.errors()[0]['msg']}") from error


def _name(value: str) -> str:
    value = value.strip()
    if not 0 < len(value) <= MAX_NAME_CHARACTERS:
        raise CannotStart(f"a name has 1 to {MAX_NAME_CHARACTERS} characters")
    return value


def _say_init(result: Result) -> str:
    return (
        f"Company:            {result['company']}\n"
        f"Login:              {result['login']}\n"
        f"One-time password:  {result['password']}\n"
        "It is shown only now and must be changed at the first sign-in.\n"
    )


def _say_relay(result: Result) -> str:
    return f"Relay {result['relay_id']} at {result['url']}; its token is in {result['token_file']}\n"


if __name__ == "__main__":
    sys.exit(main())
