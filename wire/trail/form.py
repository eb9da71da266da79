"""The bytes of an audit line, and of the file in which a log is handed out.

A line's *leaf* is its plain columns and the digest of its details, as one canonical JSON object (`line_bytes`). Details are
covered by their digest alone, SHA-256 of a salt of 16 random bytes and the details' JSON: so they can be sealed under another
key, and forgotten together with their salt, while the leaf stays what it was and tells nothing about them.

The file has one JSON object to a line, ended by a line feed; each kind begins with its own member, always the first:

    {"form":"tasuki-audit/1", …}                                            the header, once
    {"pruned":JWS,"proof":[hash, …]}                                        a beginning that was deleted, oldest first
    {"witnessed":JWS,"proof":[hash, …]}                                     a checkpoint of that beginning which was sent out
    {"leaf":hash,"position":n,"line":{…},"salt":hex,"details":{…}}          a line; its leaf is the bytes of `line` as they are
    {"leaf":hash,"position":n,"line":{…},"salt":null,"details":null}        one whose details were forgotten
    {"damaged":[what, …],"leaf":hash, …}                                    one that the server itself finds changed
    {"lost":id,"leaf":hash,"position":n}                                    one that the server has not any more
    {"checkpoint":JWS,"frontier":[hash, …]}                                 how it was signed when it had come so far
    {"end":n}                                                               the last line: the size of the log in the file

A hash is 64 hexadecimal digits. `proof` leads to the next `pruned` (RFC 9162, 2.1.4); `frontier` is the compact range at the
checkpoint, from which its root follows: with it a range that was changed does not spoil those after it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from wire.errors import WireError
from wire.merkle import HASH_BYTES, MAX_PROOF, MAX_SIZE
from wire.tokens import canonical

FORM: Final = "tasuki-audit/1"
SALT_BYTES: Final = 16
MAX_ROW_BYTES: Final = 1 << 20
"""One line of the file."""

HEADER, PRUNED, WITNESSED, LEAF, DAMAGED, LOST, CHECKPOINT, END = (
    b'{"form":',
    b'{"pruned":',
    b'{"witnessed":',
    b'{"leaf":"',
    b'{"damaged":',
    b'{"lost":',
    b'{"checkpoint":',
    b'{"end":',
)
_LINE, _SALT, _POSITION = b',"line":', b',"salt":', b'","position":'
_HEX = 2 * HASH_BYTES
_LEAF_END = len(LEAF) + _HEX
_NUMBER = re.compile(rb"0|[1-9][0-9]{0,15}")


class TrailError(WireError):
    """This is no exported log, or not one that is known here."""

    slug = "audit-file"


class Row(NamedTuple):
    """A line as it stands in the file. `salt` is None where the details are gone."""

    leaf: bytes
    position: int
    line: bytes
    salt: bytes | None
    details: bytes


def line_bytes(columns: Mapping[str, str | None], time: datetime, digest: bytes) -> bytes:
    """The leaf of a line: `columns` are action, actor_id, actor_type, id, organization_id, target_id and target_type."""
    return canonical({**columns, "digest": digest.hex(), "time": written(time)})


def details_digest(salt: bytes, details: bytes) -> bytes:
    """What a leaf says of the details."""
    return sha256(salt + details).digest()


def written(time: datetime) -> str:
    """A time in its one form: UTC, microseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def row(row: Row, damaged: Sequence[str] = ()) -> bytes:
    """A line of the file."""
    start = b"{" if not damaged else DAMAGED + json.dumps(list(damaged)).encode() + b","
    if row.salt is None:
        rest = b"null"
        details = b"null"
    else:
        rest, details = b'"%b"' % row.salt.hex().encode(), row.details
    return b'%b"leaf":"%b","position":%d,"line":%b,"salt":%b,"details":%b}\n' % (
        start, row.leaf.hex().encode(), row.position, row.line, rest, details,
    )  # fmt: skip


def lost_row(event_id: str, leaf: bytes, position: int) -> bytes:
    """In place of a line that is not there."""
    return _object({"lost": event_id, "leaf": leaf.hex(), "position": position})


def checkpoint_row(signed: str, frontier: Sequence[bytes]) -> bytes:
    """A checkpoint, after the last line that it covers."""
    return _object({"checkpoint": signed, "frontier": [node.hex() for node in frontier]})


def past_row(kind: str, signed: str, proof: Sequence[bytes]) -> bytes:
    """Of what was deleted: `kind` is pruned or witnessed."""
    return _object({kind: signed, "proof": [node.hex() for node in proof]})


def header_row(
    organization: Mapping[str, str], issuer: str, keys: Mapping[str, Any], exported_at: datetime, size: int
) -> bytes:
    """The first line: whose log it is, and by which keys it may be signed."""
    return _object(
        {
            "form": FORM,
            "organization": dict(organization),
            "issuer": issuer,
            "exported_at": written(exported_at),
            "size": size,
            "keys": dict(keys),
        }
    )


def end_row(size: int) -> bytes:
    """The last line."""
    return _object({"end": size})


def read_row(raw: bytes) -> Row | None:
    """A line of the file that begins with LEAF; None when it has not the form. Made to be fast: most of a file is these."""
    line_at = raw.find(_LINE, _LEAF_END, _LEAF_END + 40)
    salt_at = raw.find(_SALT, line_at)
    if line_at < 0 or salt_at < 0 or raw[_LEAF_END : _LEAF_END + 13] != _POSITION:
        return None
    number, text = raw[_LEAF_END + 13 : line_at], raw[salt_at + 8 : salt_at + 42]
    try:
        leaf = bytes.fromhex(raw[9:_LEAF_END].decode())
        if _NUMBER.fullmatch(number) is None or len(leaf) != HASH_BYTES:
            return None
        line = raw[line_at + 8 : salt_at]
        if text[:1] == b'"':
            if raw[salt_at + 41 : salt_at + 53] != b'","details":' or raw[-2:] != b"}\n":
                return None
            salt = bytes.fromhex(text[1:33].decode())
            return Row(leaf, int(number), line, salt, raw[salt_at + 53 : -2]) if len(salt) == SALT_BYTES else None
        if raw[salt_at + 8 :] != b'null,"details":null}\n':
            return None
        return Row(leaf, int(number), line, None, b"")
    except ValueError:
        return None


def read_damaged(raw: bytes) -> tuple[list[str], Row] | None:
    """A line that begins with DAMAGED."""
    end = raw.find(b"]") + 1
    try:
        words = json.loads(raw[len(DAMAGED) : end])
    except ValueError:
        return None
    found = read_row(b"{" + raw[end + 1 :]) if raw[end : end + len(LEAF)] == b"," + LEAF[1:] else None
    if found is None or not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return words, found


def read_object(raw: bytes) -> dict[str, Any] | None:
    """Any other line; None when it is no JSON object of the plain kind."""
    try:
        found = json.loads(raw, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_hashes(value: object) -> list[bytes] | None:
    """A list of hashes; None for something else."""
    if not isinstance(value, list) or len(value) > MAX_PROOF:
        return None
    if not all(isinstance(item, str) and len(item) == _HEX for item in value):
        return None
    try:
        return [bytes.fromhex(item) for item in value]
    except ValueError:
        return None


def id_of(line: bytes) -> str | None:
    """The id in a line, as far as it can be read."""
    found = read_object(line)
    name = None if found is None else found.get("id")
    return name if isinstance(name, str) else None


def is_size(value: object) -> bool:
    """Whether this can be a number of lines."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE


def _object(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members
