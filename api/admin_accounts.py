"""`tasuki admin organization …` and `operator reset`: what only whoever runs the server can do to accounts.

Also the way back in when everybody has locked themselves out: there is no other, and no route does this.
"""

import argparse
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api import admin_keys, audit
from api.audit import Action
from api.auth import repository as sign_ins
from api.context import Context
from api.kit.secret import one_time_password
from api.main import CannotStart
from api.operators import repository as operators
from api.operators import service as operator_rules
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.organizations.settings import SettingsPatch, Whom, merged, settings_of, stored
from api.passwords import changing
from api.second_factors import repository as second_factors

Result = dict[str, Any]


def add_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Put the commands in; all of them take `--json` as well."""
    kinds = commands.add_parser("organization", help="organisations of this server").add_subparsers(required=True)
    every = kinds.add_parser("list", help="all organisations")
    every.set_defaults(do=_list, say=_say_list)
    named = []
    for name, do, say, text in (
        ("disable", _disable, _say_state, "end all its sign-ins and sessions; nobody of it can sign in"),
        ("enable", _enable, _say_state, "its people can sign in again"),
        ("open", _open, _say_open, "take away its networks and its entry link, when nobody gets in"),
    ):
        command = kinds.add_parser(name, help=text)
        command.set_defaults(do=do, say=say)
        named.append(command)
    named.append(admin_keys.add_removal(kinds))
    people = commands.add_parser("operator", help="operators of any organisation").add_subparsers(required=True)
    reset = people.add_parser("reset", help="one-time password, no second factor, unlocked, from any network")
    reset.add_argument("--login", required=True, help="the operator's login")
    reset.set_defaults(do=_reset, say=_say_reset)
    for command in (*named, reset):
        command.add_argument("--company", required=True, help="what people type as company, such as acme")
    return [every, *named, reset]


async def _list(_context: Context, db: AsyncSession, _given: argparse.Namespace) -> Result:
    return {
        "organizations": [
            {
                "company": organization.code,
                "name": organization.name,
                "organization_id": organization.id,
                "disabled": organization.disabled_at is not None,
                "operators": len(await operators.ids(db, organization.id)),
            }
            for organization in await organizations.every(db)
        ]
    }


async def _disable(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    """Sign-ins end here; the running api refuses tokens and keys at once and ends sessions within a second or two."""
    organization = await _organization(db, given)
    if organization.disabled_at is None:
        organization.disabled_at = context.clock.now()
        for operator_id in await operators.ids(db, organization.id):
            await sign_ins.end_all(db, operator_id)
        audit.record(db, context, organization.id, Action.ORGANIZATION_DISABLED, by=audit.SERVER, target=organization)
    return _state(organization)


async def _enable(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    organization = await _organization(db, given)
    if organization.disabled_at is not None:
        organization.disabled_at = None
        audit.record(db, context, organization.id, Action.ORGANIZATION_ENABLED, by=audit.SERVER, target=organization)
    return _state(organization)


async def _open(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    organization = await _organization(db, given)
    patch = SettingsPatch(networks=[], entry_link=Whom.OFF)
    organization.settings = stored(merged(settings_of(organization), patch))
    changed = {"settings": patch.model_dump(mode="json", exclude_unset=True)}
    audit.record(
        db, context, organization.id, Action.ORGANIZATION_CHANGED, by=audit.SERVER, target=organization, changed=changed
    )
    return _state(organization)


async def _reset(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    organization = await _organization(db, given)
    operator = await operators.by_login(db, organization.id, given.login.strip().lower())
    if operator is None:
        raise CannotStart(f"there is no operator {given.login} in {organization.code}")
    password = one_time_password()
    await changing.set_one_time(db, operator, await context.passwords.hash(password))
    await second_factors.remove_all(db, operator.id)
    await operator_rules.unlock_all(db, operator)
    operator.second_factors, operator.networks = [], []
    _note(db, context, operator, Action.OPERATOR_PASSWORD_RESET)
    _note(db, context, operator, Action.OPERATOR_SECOND_FACTOR_RESET)
    return {"username": f"{organization.code}/{operator.login}", "password": password}


def _note(db: AsyncSession, context: Context, operator: Operator, action: Action) -> None:
    audit.record(db, context, operator.organization_id, action, by=audit.SERVER, target=operator)


async def _organization(db: AsyncSession, given: argparse.Namespace) -> Organization:
    company = given.company.strip().lower()
    organization = await organizations.by_code(db, company)
    if organization is None:
        raise CannotStart(f"there is no company {company}; see: tasuki admin organization list")
    return organization


def _state(organization: Organization) -> Result:
    return {"company": organization.code, "disabled": organization.disabled_at is not None}


def _say_list(result: Result) -> str:
    rows = result["organizations"]
    width = max((len(row["company"]) for row in rows), default=0)
    state = {True: "disabled", False: "enabled "}
    lines = [
        f"{row['company']:<{width}}  {state[row['disabled']]}  {row['operators']:>4} operators  {row['name']}"
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines) or "There is no organisation yet; make one with: tasuki admin init\n"


def _say_state(result: Result) -> str:
    if result["disabled"]:
        return f"{result['company']} is disabled: nobody of it signs in, and its sessions end.\n"
    return f"{result['company']} is enabled: its people can sign in again.\n"


def _say_open(result: Result) -> str:
    return f"The people of {result['company']} sign in from any network and without the entry link.\n"


def _say_reset(result: Result) -> str:
    return (
        f"Username:           {result['username']}\n"
        f"One-time password:  {result['password']}\n"
        "It is shown only now and must be changed at the next sign-in. All sign-ins have ended; second factors are gone.\n"
    )
