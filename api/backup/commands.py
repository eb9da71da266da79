"""`tasuki admin backup`, `restore` and `check`."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.backup import age, checking, files, restoring, service
from api.backup.failures import BackupFailed
from api.backup.service import Result
from api.context import Context
from api.kit.clock import SystemClock
from api.kit.secret import write_secret
from api.settings import Settings


def add_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Put the commands in; all of them take `--json` as well."""
    backup = commands.add_parser("backup", help="write database and keyring to encrypted files, while the service runs")
    backup.add_argument(
        "--out",
        type=Path,
        help="the database's file; in a folder its name bears the time; left out: the keyring alone",
    )
    backup.add_argument(
        "--keyring-out", type=Path, help="the file for keyring and master key: keep it elsewhere, for days"
    )
    backup.add_argument(
        "--recipient", action="append", default=[], help="age1…, ssh-ed25519 … or a file of them; may be repeated"
    )
    backup.add_argument("--passphrase-file", type=Path, help="instead: a file whose first line is a passphrase")
    backup.add_argument(
        "--keep-days", type=int, help="delete older backups in the folder of --out (keyrings: always after a week)"
    )
    backup.set_defaults(do=_backup, say=_say_backup, alone=True)
    more = backup.add_subparsers(required=False)
    verify = more.add_parser("verify", help="read a backup to its last byte")
    verify.add_argument("file", type=Path)
    verify.add_argument("--keyring", type=Path, help="the keyring's file, to be read as well")
    _add_key(verify)
    verify.set_defaults(do=_verify, say=_say_verify, alone=True)
    key = more.add_parser("key", help="make a key pair: the public key closes backups, the file opens them")
    key.add_argument(
        "--out", required=True, type=Path, help="file for the private key, mode 0600: not on this machine's backup"
    )
    key.set_defaults(do=_make_key, say=_say_key, alone=True)
    restore = commands.add_parser("restore", help="put a backup back, into an empty place")
    restore.add_argument("file", type=Path)
    restore.add_argument("--keyring", type=Path, help="the keyring's file; left out: the keyring that is there is kept")
    _add_key(restore)
    restore.set_defaults(do=_restore, say=_say_restore, alone=True)
    check = commands.add_parser("check", help="read the whole installation and see whether it fits together")
    check.set_defaults(do=_check, say=_say_check, alone=True)
    return [backup, verify, key, restore, check]


def _add_key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--identity", type=Path, help="file of the private key: of age, or of OpenSSH without a passphrase"
    )
    command.add_argument("--passphrase-file", type=Path, help="file whose first line is the passphrase")


async def _backup(settings: Settings, given: argparse.Namespace) -> Result:
    if given.out is None and given.keyring_out is None:
        raise BackupFailed(
            "--out says where the backup goes: a file, or a folder; --keyring-out where the keyring goes"
        )
    if given.keep_days is not None and given.keep_days < 1:
        raise BackupFailed("--keep-days is a number of days, 1 or more; a backup that was just made is never deleted")
    lock = _lock(given)
    now = datetime.now(UTC)
    if given.keep_days is not None:  # who keeps several keeps them in folders
        with service.said():
            files.make_folders(given.out, given.keyring_out)
    result = await service.backup(settings, lock, now, given.out, given.keyring_out)
    return result | {"deleted": service.prune(given.out, given.keyring_out, now, given.keep_days)}


async def _verify(settings: Settings, given: argparse.Namespace) -> Result:
    return await service.verify(settings, _key(given), given.file, given.keyring)


async def _restore(settings: Settings, given: argparse.Namespace) -> Result:
    return await restoring.restore(settings, _key(given), given.file, given.keyring)


async def _check(settings: Settings, _given: argparse.Namespace) -> Result:
    context = Context.build(settings, SystemClock())
    try:
        context.keyring.store.start()
        return await checking.check(context)
    finally:
        await context.database.close()
        context.keyring.close()


async def _make_key(_settings: Settings, given: argparse.Namespace) -> Result:
    if given.out.exists():
        raise BackupFailed(f"{given.out} exists already; nothing is written over, choose another name")
    private, public = age.new_identity()
    write_secret(given.out, f"# public key: {public}\n{private}")
    return {"recipient": public, "identity_file": str(given.out)}


def _lock(given: argparse.Namespace) -> age.Lock:
    if bool(given.recipient) == (given.passphrase_file is not None):
        raise BackupFailed(
            "a backup is always encrypted: give --recipient (tasuki admin backup key makes one) or --passphrase-file"
        )
    return age.recipients(given.recipient) if given.recipient else age.passphrase_from(given.passphrase_file)


def _key(given: argparse.Namespace) -> age.Key:
    if (given.identity is None) == (given.passphrase_file is None):
        raise BackupFailed("give what opens the backup: --identity or --passphrase-file")
    return age.identities(given.identity) if given.identity else age.passphrase_from(given.passphrase_file)


def _say_backup(result: Result) -> str:
    lines = [f"Database:  {result['file']}  ({result['bytes']:,} bytes)"] if "file" in result else []
    if "keyring_file" in result:
        lines.append(
            f"Keyring:   {result['keyring_file']}  ({result['keys']:,} keys); keep it elsewhere, and no longer than a week"
        )
    else:
        lines.append(
            "The keyring is not in it: without --keyring-out a lost keyring makes every sealed value unreadable."
        )
    return "\n".join([*lines, *(f"Deleted:   {name}" for name in result["deleted"])]) + "\n"


def _say_verify(result: Result) -> str:
    keyring = f", keyring with {result['keys']:,} keys of {result['keyring_made_at']}" if "keys" in result else ""
    return f"{result['file']} is whole: {result['database']}, schema {result['schema']}{keyring}\n"


def _say_key(result: Result) -> str:
    return (
        f"Private key:  {result['identity_file']}; keep it where the backups are not, and a copy on paper\n"
        f"Public key:   {result['recipient']}\n"
        f"Use it as:    tasuki admin backup --recipient {result['recipient']} …\n"
    )


def _say_restore(result: Result) -> str:
    again = result["keys_destroyed_again"]
    return (
        f"Restored {result['file']}: schema {result['schema_before']} → {result['schema']}\n"
        + (
            f"{again} keys of the forgotten, which the older keyring still had, were destroyed again.\n"
            if again
            else ""
        )
        + _say_check(result)
    )


def _say_check(result: Result) -> str:
    return (
        f"Organisations: {result['organizations']:,}; rows: {result['rows']:,}; {result['sealed_looked_at']:,} sealed values"
        f" looked at, {result['sealed_under_destroyed_keys']:,} of them destroyed on purpose; "
        f"{result['log_lines_proven']:,} lines of the administrative log are as they were signed. All is well.\n"
    )
