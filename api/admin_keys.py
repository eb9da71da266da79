"""`tasuki admin keys …` and `organization remove`: what is done to keys on the server itself, by whoever runs it."""

import argparse
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import SERVER as BY_SERVER
from api.context import Context
from api.keyring.service import SERVER
from api.kit.secret import write_secret
from api.main import CannotStart
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.problems import Conflict, LegallyHeld
from api.removals import repository as removed
from api.removals import service as removals
from api.rotations import repository, service
from api.rotations.models import KeyRotation

Result = dict[str, Any]


def add_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Put the commands in; all of them take `--json` as well."""
    kinds = commands.add_parser("keys", help="keys of data: master, server, organisations").add_subparsers(
        required=True
    )
    rotate = kinds.add_parser("rotate", help="replace keys while everything runs")
    which = rotate.add_mutually_exclusive_group(required=True)
    which.add_argument("--master", action="store_true", help="the master key file; the other keys stay as they are")
    which.add_argument(
        "--prepare-master", action="store_true", help="only put the next master key into the file, to copy it elsewhere"
    )
    which.add_argument("--server", action="store_true", help="the key of the server's own secrets")
    which.add_argument("--organization", metavar="COMPANY", help="the key of an organisation")
    which.add_argument("--customers", metavar="COMPANY", help="the keys of all customers of an organisation")
    rotate.set_defaults(do=_rotate, say=_say_rotated)
    status = kinds.add_parser("status", help="how many keys there are, and how far rotations are")
    status.set_defaults(do=_status, say=_say_status)
    return [rotate, status]


def add_removal(kinds: Any) -> argparse.ArgumentParser:
    """Beside the other commands about organisations."""
    remove: argparse.ArgumentParser = kinds.add_parser(
        "remove", help="destroy its keys and delete everything of it, for good"
    )
    remove.add_argument("--confirm", required=True, metavar="COMPANY", help="the same again: it cannot be undone")
    remove.add_argument("--out", type=Path, help="file for the signed proof; it is shown in any case")
    remove.set_defaults(do=_remove, say=_say_removed)
    return remove


async def _rotate(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    if given.master or given.prepare_master:
        if given.prepare_master:
            context.keyring.prepare_master()
        count = context.keyring.rotate_master() if given.master else 0
        return {"master_key_file": str(context.settings.master_key), "prepared": not given.master, "wrapped": count}
    company = given.organization or given.customers
    owner = SERVER if given.server else (await _organization(db, company)).id
    try:
        rotation = await service.start(
            db, context, BY_SERVER, owner, own_key=not given.customers, customers=bool(given.customers)
        )
    except Conflict as error:
        raise CannotStart(error.detail) from error
    return _shown(rotation)


async def _status(context: Context, db: AsyncSession, _given: argparse.Namespace) -> Result:
    there, gone = context.keyring.store.count()
    owners = [(SERVER, SERVER), *((row.code, row.id) for row in await organizations.every(db))]
    newest = {name: await repository.newest(db, owner) for name, owner in owners}
    return {
        "keys": there,
        "destroyed": gone,
        "rotations": {name: _shown(rotation) for name, rotation in newest.items() if rotation is not None},
        "removed": [
            {"company": row.code, "organization_id": row.id, "proof": row.proof} for row in await removed.every(db)
        ],
    }


async def _remove(context: Context, db: AsyncSession, given: argparse.Namespace) -> Result:
    organization = await _organization(db, given.company)
    if given.confirm.strip().lower() != organization.code:
        raise CannotStart(f"--confirm must repeat the company: {organization.code}; removal cannot be undone")
    try:
        row = await removals.remove(db, context, organization)
    except LegallyHeld as error:
        raise CannotStart(error.detail) from error
    if given.out is not None:
        write_secret(given.out, row.proof or "")
    return {"company": row.code, "organization_id": row.id, "keys": row.keys, "rows": row.rows, "proof": row.proof}


async def _organization(db: AsyncSession, company: str) -> Organization:
    code = company.strip().lower()
    organization = await organizations.by_code(db, code)
    if organization is None:
        raise CannotStart(f"there is no company {code}; see: tasuki admin organization list")
    return organization


def _shown(rotation: KeyRotation) -> Result:
    return service.shown(rotation).model_dump(mode="json")


def _say_rotated(result: Result) -> str:
    if "wrapped" not in result:
        return (
            f"Rotation {result['id']} has begun: new values are sealed under new keys. The running api does the rest;\n"
            "tasuki admin keys status says how far it is. Make new backups of database and keyring when it is done.\n"
        )
    if result["prepared"]:
        return (
            f"{result['master_key_file']} has the next master key as well: copy it to the other machines,\n"
            "then run: tasuki admin keys rotate --master\n"
        )
    return (
        f"{result['master_key_file']} has a new master key, under which {result['wrapped']} keys are wrapped now.\n"
        "Make a new backup of the file and of the keyring; the old file opens the keyring no more.\n"
    )


def _say_status(result: Result) -> str:
    lines = [f"{result['keys']} keys; {result['destroyed']} were destroyed"]
    for name, rotation in result["rotations"].items():
        when = rotation["finished_at"] or f"begun {rotation['started_at']}, {rotation['resealed']} rows sealed anew"
        lines.append(f"{name:<20} {rotation['step']:<10} {when}")
    lines += [f"{one['company']:<20} removed    {one['proof']}" for one in result["removed"]]
    return "\n".join(lines) + "\n"


def _say_removed(result: Result) -> str:
    return (
        f"{result['company']} is gone: {result['keys']} keys were destroyed and {result['rows']} rows deleted.\n"
        f"Proof: {result['proof']}\n"
        "Delete the keyring's backups from before, or let them run out: they still open the database's old backups.\n"
    )
