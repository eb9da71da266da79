"""Exported logs: what is whole stays whole, and every kind of forgery is found and named (R33)."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.trail import ISSUER, KEY, OTHER_KEY, START, Log, log_of, pruned, row_of, size_in
from wire.tokens import canonical
from wire.trail import form
from wire.trail.findings import Kind, Verdict
from wire.trail.form import Row, TrailError
from wire.trail.signed import Checkpoint, Pruned
from wire.trail.verifier import verify

pytestmark = pytest.mark.rule("R33")

File = list[bytes]


def at(file: File, position: int) -> int:
    """Which line of the file has the line at a position."""
    return next(n for n, raw in enumerate(file) if (row := form.read_row(raw)) and row.position == position)


def row_at(file: File, position: int) -> Row:
    row = form.read_row(file[at(file, position)])
    assert row is not None
    return row


def put(file: File, position: int, row: Row) -> None:
    file[at(file, position)] = form.row(row)


def faults(verdict: Verdict) -> list[tuple[str, int | None, str | None]]:
    return [(fault.kind.value, fault.position, fault.id) for fault in verdict.faults]


def edited(row: Row, **changes: str) -> bytes:
    """The line of a row with other columns."""
    return canonical(json.loads(row.line) | changes)


def test_a_whole_log_is_whole() -> None:
    log = log_of([1, 4, 30, 7])
    verdict = verify(log.file(), witnesses=[log.signed[5], log.signed[42]], pinned={KEY.kid})
    assert not verdict.faults
    assert (verdict.start, verdict.size, verdict.lines, verdict.checkpoints) == (0, 42, 42, 4)
    assert [(one.size, one.agrees) for one in verdict.witnesses] == [(5, True), (42, True)]
    assert verdict.keys == {KEY.kid: 42}
    assert not verdict.unproven


def test_an_empty_log_is_whole() -> None:
    assert not verify(log_of([]).file()).faults


def test_a_witness_between_two_checkpoints_agrees() -> None:
    kept = log_of([3, 2, 5]).signed[5]
    assert [one.agrees for one in verify(log_of([3, 7]).file(), witnesses=[kept]).witnesses] == [True]


def _column(name: str) -> Callable[[File], None]:
    def change(file: File) -> None:
        row = row_at(file, 7)
        put(file, 7, row._replace(line=edited(row, **{name: "evil"})))

    return change


def _details(file: File) -> None:
    row = row_at(file, 7)
    put(file, 7, row._replace(details=row.details.replace(b"Alice", b"Mallory")))


def _salt(file: File) -> None:
    put(file, 7, row_at(file, 7)._replace(salt=bytes(16)))


def _remove(file: File) -> None:
    del file[at(file, 7)]


def _remove_and_renumber(file: File) -> None:
    del file[at(file, 7)]
    for position in range(8, 20):
        put(file, position, row_at(file, position)._replace(position=position - 1))


def _add(file: File) -> None:
    file.insert(at(file, 7), form.row(row_of(99)._replace(position=7)))


def _add_and_renumber(file: File) -> None:
    for position in reversed(range(7, 20)):
        put(file, position, row_at(file, position)._replace(position=position + 1))
    file.insert(at(file, 8), form.row(row_of(99)._replace(position=7)))


def _swap(file: File) -> None:
    one, other = at(file, 6), at(file, 8)
    file[one], file[other] = file[other], file[one]


def _swap_and_renumber(file: File) -> None:
    one, other = row_at(file, 6), row_at(file, 8)
    put(file, 6, other._replace(position=6))
    file[at(file, 8)] = form.row(one._replace(position=8))


def _carry(file: File) -> None:
    file.insert(at(file, 9), file.pop(at(file, 6)))


def _carry_and_renumber(file: File) -> None:
    _carry(file)
    order = [row for raw in file if (row := form.read_row(raw))]
    places = [n for n, raw in enumerate(file) if raw.startswith(form.LEAF)]
    for position, (place, row) in enumerate(zip(places, order, strict=True)):
        file[place] = form.row(row._replace(position=position))


def _hash(file: File) -> None:
    put(file, 7, row_at(file, 7)._replace(leaf=bytes(32)))


def _line_and_hash(file: File) -> None:
    from wire.merkle import leaf_hash  # noqa: PLC0415

    row = row_at(file, 7)
    line = edited(row, action="evil")
    put(file, 7, row._replace(line=line, leaf=leaf_hash(line)))


def _number(file: File) -> None:
    put(file, 7, row_at(file, 7)._replace(position=70))


NAMED = {
    **{
        f"tamper-{name}": (_column(name), [("edited", 7, "evil" if name == "id" else "evt_a0007")])
        for name in ("action", "actor_id", "actor_type", "id", "target_id", "target_type", "time")
    },
    "tamper-digest": (_column("digest"), [("details", 7, "evt_a0007"), ("edited", 7, "evt_a0007")]),
    "splice-organization": (_column("organization_id"), [("foreign", 7, "evt_a0007"), ("edited", 7, "evt_a0007")]),
    "tamper-details": (_details, [("details", 7, "evt_a0007")]),
    "tamper-salt": (_salt, [("details", 7, "evt_a0007")]),
    "tamper-removed": (_remove, [("removed", 7, None)]),
    "tamper-removed-renumbered": (_remove_and_renumber, [("removed", 5, None)]),
    "tamper-added": (_add, [("added", 7, "evt_a0099")]),
    "tamper-added-renumbered": (_add_and_renumber, [("added", 7, "evt_a0099")]),
    "tamper-swapped": (_swap, [("moved", 6, "evt_a0008"), ("moved", 8, "evt_a0006")]),
    "tamper-swapped-renumbered": (_swap_and_renumber, [("moved", 6, "evt_a0008"), ("moved", 8, "evt_a0006")]),
    "tamper-carried": (
        _carry,
        [("moved", 6, "evt_a0007"), ("moved", 7, "evt_a0008"), ("moved", 8, "evt_a0009"), ("moved", 9, "evt_a0006")],
    ),
    "tamper-carried-renumbered": (_carry_and_renumber, [("moved", 9, "evt_a0006")]),
    "tamper-hash": (_hash, [("renumbered", 7, "evt_a0007")]),
    "tamper-line-and-hash": (_line_and_hash, [("changed", 5, None)]),
    "tamper-number": (_number, [("renumbered", 7, "evt_a0007")]),
}


@pytest.mark.parametrize(("change", "expected"), NAMED.values(), ids=NAMED)
def test_what_was_changed_is_named(
    change: Callable[[File], None], expected: list[tuple[str, int | None, str | None]]
) -> None:
    file = log_of([5, 10, 5]).file()
    change(file)
    verdict = verify(file)
    assert faults(verdict) == expected
    assert all(5 <= (fault.position or 0) < (fault.until or 15) <= 15 for fault in verdict.faults)


def test_tamper_two_ranges_are_judged_apart() -> None:
    file = log_of([5, 10, 5, 5]).file()
    _line_and_hash(file)
    del file[at(file, 16)]
    assert faults(verify(file)) == [("changed", 5, None), ("removed", 16, None)]


def test_tamper_nothing_of_it_is_forgiven_in_a_long_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wire.trail.ranges.MOST_KEPT", 8)
    for change in (_column("action"), _remove, _add, _swap_and_renumber, _line_and_hash, _hash):
        file = log_of([5, 40]).file()
        assert not verify(file).faults
        change(file)
        assert verify(file).faults, change


def test_tamper_the_end_is_cut() -> None:
    log = log_of([5, 10, 5])
    file = log.file()
    lines = file[: at(file, 15)]
    assert faults(verify(lines)) == [("cut", 15, None)]
    shorter = [*lines, form.end_row(20)]
    assert faults(verify(shorter)) == [("removed", 15, None)]
    forged = verify([*lines, form.end_row(15)])
    assert not forged.faults, "without a witness an operator can take the newest lines away"
    told = verify([*lines, form.end_row(15)], witnesses=[log.signed[20]])
    assert faults(told) == [("witness", 15, None)]
    assert "removed at the end" in told.faults[0].text


def test_tamper_lines_at_the_end_without_their_checkpoint() -> None:
    file = log_of([5, 10]).file()
    file.insert(-1, form.row(row_of(15)))
    assert faults(verify(file)) == [("added", 15, "evt_a0015")]


def test_tamper_lines_at_the_end_are_missing_before_their_checkpoint() -> None:
    file = log_of([5, 10]).file()
    del file[at(file, 13) : at(file, 14) + 1]
    assert [(one.kind, one.position, one.until) for one in verify(file).faults] == [(Kind.REMOVED, 5, 15)]
    assert "from position 13 on" in verify(file).faults[0].text


def test_evil_operator_writes_a_new_history_with_the_true_key() -> None:
    true, forged = log_of([5, 10]), Log()
    for number in range(15):
        forged.add(row_of(number, action="harmless") if number == 7 else row_of(number))
        if number in (4, 14):
            forged.sign()
    assert not verify(forged.file()).faults, "the file alone cannot tell"
    verdict = verify(forged.file(), witnesses=[true.signed[5], true.signed[15]])
    assert [(one.kind, one.position, one.until) for one in verdict.faults] == [(Kind.WITNESS, 5, 15)]
    assert [one.agrees for one in verdict.witnesses] == [True, False]


def test_evil_file_signed_anew_by_another_key() -> None:
    true, forged = log_of([5]), log_of([5], key=OTHER_KEY)
    assert faults(verify(forged.file(), pinned={KEY.kid})) == [("key", None, None)]
    verdict = verify(forged.file(), witnesses=[true.signed[5]])
    assert [fault.kind for fault in verdict.faults] == [Kind.WITNESS]
    assert "signed anew" in verdict.faults[0].text
    mixed = log_of([5, 5]).file()
    mixed[at(mixed, 4) + 1] = log_of([5], key=OTHER_KEY).file()[6]
    assert [fault.kind for fault in verify(mixed).faults] == [Kind.CHECKPOINT]


def test_another_key_after_a_rotation_is_no_fault() -> None:
    log = log_of([5])
    log.key = OTHER_KEY
    log.keys.append(OTHER_KEY)
    log.add(*(row_of(number) for number in range(5, 9))).sign()
    verdict = verify(log.file())
    assert not verdict.faults
    assert verdict.keys == {KEY.kid: 5, OTHER_KEY.kid: 9}
    assert not verify(log.file(), pinned={KEY.kid, OTHER_KEY.kid}).unproven
    partly = verify(log.file(), pinned={KEY.kid})
    assert (partly.faults, partly.pinned_to, partly.unproven) == ([], 5, True)


def test_tamper_checkpoints_replaced() -> None:
    log = log_of([5, 10, 5])
    file = log.file()
    places = [n for n, raw in enumerate(file) if raw.startswith(form.CHECKPOINT)]
    file[places[0]], file[places[1]] = file[places[1]], file[places[0]]
    assert {fault.kind for fault in verify(file).faults} & {Kind.CHECKPOINT, Kind.REMOVED}
    file = log.file()
    turned = json.loads(file[places[1]])
    turned["checkpoint"] = turned["checkpoint"][:-4] + "AAAA"
    file[places[1]] = json.dumps(turned, separators=(",", ":")).encode() + b"\n"
    assert [fault.kind for fault in verify(file).faults] == [Kind.CHECKPOINT]
    file = log.file()
    turned = json.loads(file[places[1]])
    turned["frontier"][0] = "00" * 32
    file[places[1]] = json.dumps(turned, separators=(",", ":")).encode() + b"\n"
    assert [fault.kind for fault in verify(file).faults] == [Kind.CHECKPOINT]


def test_splice_two_organisations() -> None:
    mine, theirs = log_of([5, 10]).file(), log_of([5, 10], organization="org_b").file()
    spliced = [*mine[:7], *theirs[7:]]
    found = verify(spliced).faults
    assert [fault.kind for fault in found[:10]] == [Kind.FOREIGN] * 10
    assert Kind.FOREIGN in {fault.kind for fault in found[10:]}
    witness = log_of([5], organization="org_b").signed[5]
    assert faults(verify(mine, witnesses=[witness])) == [("witness", None, None)]


def test_forgotten_details_are_no_fault() -> None:
    file = log_of([5, 10]).file()
    for position in (3, 7):
        put(file, position, row_at(file, position)._replace(salt=None, details=b""))
    verdict = verify(file)
    assert (verdict.faults, verdict.without_details) == ([], 2)


def test_what_the_server_lost_or_finds_changed_is_named() -> None:
    file = log_of([5, 10]).file()
    row = row_at(file, 7)
    file[at(file, 7)] = form.lost_row("evt_a0007", row.leaf, 7)
    row = row_at(file, 9)
    file[at(file, 9)] = form.row(row._replace(salt=None, details=b""), damaged=["details"])
    verdict = verify(file)
    assert faults(verdict) == [("removed", 7, "evt_a0007"), ("details", 9, "evt_a0009")]
    assert verdict.without_details == 0


def test_a_line_that_is_dated_back_is_named() -> None:
    log = log_of([5]).add(row_of(5), row_of(6, time=START - timedelta(days=3)))
    log.sign(START + timedelta(hours=1))
    assert faults(verify(log.file())) == [("backdated", 6, "evt_a0006")]


def test_a_clock_that_was_set_back_is_no_fault() -> None:
    log = log_of([5]).add(row_of(5, time=START - timedelta(days=3)))
    log.sign(START - timedelta(days=2))
    verdict = verify(log.file())
    assert (verdict.faults, verdict.clock_went_back) == ([], 1)


@pytest.mark.parametrize("size", [1, 5, 8, 15, 19])
def test_a_pruned_log_is_whole(size: int) -> None:
    log = log_of([5, 10, 5])
    kept = dict(log.signed)
    sent = [one for one in kept if one <= size]
    before = [size // 2] if size > 1 else []
    verdict = verify(pruned(log, size, sent, before).file(), witnesses=list(kept.values()))
    assert not verdict.faults
    assert (verdict.start, verdict.size, verdict.lines) == (size, 20, 20 - size)
    assert all(one.agrees for one in verdict.witnesses)


def test_a_witness_of_the_pruned_part_that_was_not_kept_is_unproven() -> None:
    log = log_of([5, 10, 5])
    kept = log.signed[5]
    verdict = verify(pruned(log, 8).file(), witnesses=[kept])
    assert not verdict.faults
    assert verdict.unproven
    assert [one.agrees for one in verdict.witnesses] == [None]


def test_tamper_prune_markers() -> None:
    def file() -> File:
        return pruned(log_of([5, 10, 5]), 12, [5], [4, 8]).file()

    assert [size_in(raw) for raw in file()[1:5]] == [4, 5, 8, 12]
    taken = file()
    del taken[4]
    assert [fault.kind for fault in verify(taken).faults] == [Kind.REMOVED]
    taken = file()
    del taken[1:5]
    assert verify(taken).faults[0].kind is Kind.REMOVED
    changed = file()
    marker = json.loads(changed[4])
    marker["pruned"] = marker["pruned"][:-4] + "AAAA"
    changed[4] = json.dumps(marker, separators=(",", ":")).encode() + b"\n"
    assert Kind.MARKER in {fault.kind for fault in verify(changed).faults}
    other = pruned(log_of([5, 10, 5], organization="org_b"), 12).file()
    swapped = file()
    swapped[4] = other[1]
    assert Kind.FOREIGN in {fault.kind for fault in verify(swapped).faults}
    forged = Log()
    for number in range(20):
        forged.add(row_of(number, action="harmless"))
        if number in (4, 14, 19):
            forged.sign()
    spliced = file()
    spliced[2] = pruned(forged, 12, [5]).file()[1]
    assert [fault.kind for fault in verify(spliced).faults] == [Kind.MARKER], "a checkpoint of another history"


@pytest.mark.parametrize("vouched", [{"pinned": {KEY.kid}}, {"witness": 20}, {"witness": 12}])
def test_evil_prune_marker_by_a_key_of_the_forger(vouched: dict[str, Any]) -> None:
    """Whoever has the file and no key of the server leaves out its beginning, and says so with a key of their own: everything
    after it is as the server signed it, but nobody who is trusted says that the beginning may be gone."""
    true = log_of([8, 4, 8])
    forged = pruned(true, 10)
    forged.keys.append(OTHER_KEY)
    marker = Pruned.verified(json.loads(forged.past[0])["pruned"], {KEY.kid: KEY.public_jwk})
    forged.past = [form.past_row("pruned", marker.signed(OTHER_KEY), [])]
    witnesses = [true.signed[vouched["witness"]]] if "witness" in vouched else []
    verdict = verify(forged.file(), witnesses=witnesses, pinned=vouched.get("pinned"))
    assert not verdict.faults
    assert (verdict.start_vouched, verdict.unproven) == (False, True)


def test_evil_end_by_a_key_of_the_forger_after_the_witness() -> None:
    """A witness vouches for what it knew, and the key that signed it for what else it signed; not for what another key did."""
    true, forged = log_of([5, 7]), log_of([5], keys=[OTHER_KEY])
    forged.key = OTHER_KEY
    forged.add(*(row_of(50 + number)._replace(position=number) for number in (5, 6))).sign(START + timedelta(hours=1))
    verdict = verify(forged.file(), witnesses=[true.signed[5]])
    assert not verdict.faults
    assert (verdict.pinned_to, verdict.unproven) == (5, True)
    assert verify(true.file(), witnesses=[true.signed[5]]).unproven is False


@pytest.mark.parametrize("time", ["2026-13-45T99:99:99.000000Z", "0001-01-01T00:00:00.000000Z"])
def test_evil_checkpoint_of_a_time_that_is_none(time: str) -> None:
    log = log_of([2])
    root = log.tree.root()
    log.rows[-1] = form.checkpoint_row(Checkpoint(ISSUER, "org_a", 2, root, time).signed(KEY), log.tree.nodes)
    assert "checkpoint" in {fault.kind for fault in verify(log.file()).faults}


def test_what_is_no_log_is_refused() -> None:
    for file in ([], [b"PK\x03\x04"], [b'{"form":"tasuki-audit/9"}\n'], [b'{"form":"tasuki-audit/1"}\n'], [b"{}\n"]):
        with pytest.raises(TrailError):
            verify(file)
    header = json.loads(log_of([]).header())
    wrongs: list[dict[str, object]] = [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AAAA"}]}, {"keys": [7]}]
    for wrong in wrongs:
        with pytest.raises(TrailError):
            verify([json.dumps(header | {"keys": wrong}, separators=(",", ":")).encode() + b"\n"])


def test_rubbish_is_named_and_nothing_else_is_raised() -> None:
    whole, dice = log_of([5, 10, 5]).file(), random.Random(7)
    for _ in range(400):
        file = list(whole)
        place = dice.randrange(1, len(file))
        raw = bytearray(file[place])
        for _ in range(dice.randrange(1, 4)):
            raw[dice.randrange(len(raw) - 1)] = dice.randrange(256)
        file[place] = bytes(raw)
        found = verify(file)
        assert found.faults or file == whole
    for rubbish in (
        b"\n",
        b"[]\n",
        b'{"lost":3}\n',
        b'{"checkpoint":{},"frontier":[]}\n',
        b'{"end":-1}\n',
        b"[" * 9000,
    ):
        assert verify([*whole[:3], rubbish, *whole[3:]]).faults
