"""The log proves itself: positions without gap or double, checkpoints, proofs, witnesses outside; what is changed in the
database is named (R33)."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, select, text, update
from structlog.testing import capture_logs

from api import audit
from api.audit import SYSTEM, Action
from api.audit.models import AuditCheckpoint, AuditEntry, AuditEvent, AuditNode, AuditPruning
from api.audit.tree import pruning, sequencer, witness
from api.audit.tree.sequencer import Sequencer
from api.organizations.models import Organization
from tests.integration.api.support import Api, Installation, ShiftedClock, problem, running, wait_until
from tests.support.smtp import mail_server
from wire.merkle import leaf_hash, verify_consistency, verify_inclusion
from wire.trail.findings import Verdict
from wire.trail.verifier import verify

pytestmark = [pytest.mark.both_databases, pytest.mark.rule("R33")]


@pytest.fixture(autouse=True)
def nobody_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when a test says so."""

    async def wait(_context: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("api.app.keep_audit", wait)


@pytest.fixture
async def quiet(installation: Installation, clock: ShiftedClock) -> AsyncIterator[Api]:
    async with running(installation, clock) as api:
        yield api


async def organization_of(api: Api) -> str:
    return str((await api.get("/v1/organization"))["id"])


async def write(api: Api, count: int, organization_id: str | None = None) -> None:
    """Lines in one transaction."""
    context, whose = api.app.state.context, organization_id or await organization_of(api)
    async with context.database.write() as db:
        for number in range(count):
            audit.record(db, context, whose, Action.DEVICE_CHANGED, by=SYSTEM, target=f"dev_{number}", number=number)


async def place(api: Api) -> int:
    return await Sequencer(api.app.state.context).step()


async def rows_of(api: Api, model: Any) -> list[dict[str, Any]]:
    async with api.app.state.context.database.read() as db:
        return [row.model_dump() for row in (await db.exec(select(model))).all()]


async def positions(api: Api, organization_id: str) -> list[int]:
    return sorted(
        row["position"] for row in await rows_of(api, AuditEntry) if row["organization_id"] == organization_id
    )


async def exported(api: Api) -> list[bytes]:
    answer = await api.http.get("/v1/audit-events/export", headers=api.alice.headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/jsonl")
    return answer.content.splitlines(keepends=True)


async def verdict_of(api: Api, *witnesses: str) -> Verdict:
    return verify(await exported(api), witnesses=witnesses)


async def test_every_line_gets_a_place_and_the_export_is_whole(quiet: Api) -> None:
    whose = await organization_of(quiet)
    await write(quiet, 3)
    assert await place(quiet) > 3
    first = await quiet.get("/v1/audit-events/checkpoint")
    await write(quiet, 600)
    assert await place(quiet) == 600
    assert await place(quiet) == 0
    lines = [row for row in await rows_of(quiet, AuditEvent) if row["organization_id"] == whose]
    assert await positions(quiet, whose) == list(range(len(lines)))
    last = await quiet.get("/v1/audit-events/checkpoint")
    verdict = await verdict_of(quiet, first["checkpoint"], last["checkpoint"])
    assert not verdict.faults
    assert verdict.size == verdict.lines == len(lines) == last["size"]
    assert [one.agrees for one in verdict.witnesses] == [True, True]
    assert list(verdict.keys) == [last["fingerprint"]]
    await _proofs(quiet, first, last)


async def _proofs(api: Api, first: dict[str, Any], last: dict[str, Any]) -> None:
    asked = {"from": first["size"], "to": last["size"]}
    grown = (await api.http.get("/v1/audit-events/consistency", params=asked, headers=api.alice.headers)).json()
    proof = [bytes.fromhex(node) for node in grown["proof"]]
    roots = bytes.fromhex(first["root"]), bytes.fromhex(last["root"])
    assert (grown["old_root"], grown["new_root"]) == (first["root"], last["root"])
    assert verify_consistency(first["size"], last["size"], *roots, proof)
    for line in (await api.get("/v1/audit-events", limit=200))["items"][::40]:
        found = await api.get(f"/v1/audit-events/{line['id']}/proof")
        assert json.loads(found["line"])["id"] == line["id"]
        leaf = leaf_hash(found["line"].encode())
        proof = [bytes.fromhex(node) for node in found["proof"]]
        assert leaf.hex() == found["leaf"]
        assert verify_inclusion(leaf, found["position"], last["size"], proof, roots[1])
    too_far = await api.http.get("/v1/audit-events/consistency?from=1&to=99999", headers=api.alice.headers)
    problem(too_far, 422, "invalid")


async def test_positions_are_given_once_by_several_at_once(quiet: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 7)
    whose, context = await organization_of(quiet), quiet.app.state.context
    several = [Sequencer(context) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(write(quiet, 20) for _ in range(3)), *(one.step() for one in several))
    await asyncio.gather(*(one.step() for one in several))
    await several[0].step()
    lines = [row["id"] for row in await rows_of(quiet, AuditEvent) if row["organization_id"] == whose]
    assert len(lines) >= 180
    assert await positions(quiet, whose) == list(range(len(lines)))
    verdict = await verdict_of(quiet)
    assert (verdict.faults, verdict.size) == ([], len(lines))


@pytest.mark.sqlite
async def test_a_line_that_comes_late_or_was_passed_by_is_found_by_the_sweep(quiet: Api) -> None:
    await write(quiet, 2)
    worker = Sequencer(quiet.app.state.context)
    await worker.step()
    context, whose = quiet.app.state.context, await organization_of(quiet)
    async with context.database.write() as db:
        audit.record(db, context, whose, Action.DEVICE_CHANGED, by=SYSTEM)
        line = next(row for row in db.new if isinstance(row, AuditEvent))
        line.id = f"evt_{'0' * 26}"
    assert await worker.step() == 0
    assert await Sequencer(context).step() == 1


@pytest.mark.sqlite
async def test_tamper_with_where_the_log_goes_on_stops_that_log_alone_and_is_said(quiet: Api) -> None:
    worker, whose = Sequencer(quiet.app.state.context), await organization_of(quiet)
    other = str((await quiet.get("/v1/organization", quiet.gina))["id"])
    await worker.step()
    async with quiet.app.state.context.database.write() as db:
        mine = col(AuditCheckpoint.organization_id) == whose
        await db.exec(update(AuditCheckpoint).where(mine).values(nodes=b"x"))
    before = await positions(quiet, whose), await positions(quiet, other)
    await write(quiet, 3, whose)
    await write(quiet, 3, other)
    fresh = Sequencer(quiet.app.state.context)
    with capture_logs() as logs:
        await fresh.step()
    assert [entry["organization"] for entry in logs if entry["event"] == "api.audit_damaged"] == [whose]
    assert await positions(quiet, whose) == before[0]
    assert await positions(quiet, other) == [*before[1], *range(len(before[1]), len(before[1]) + 3)]
    assert await worker.step() == 3, "who has it in memory goes on"


DYING = """
import asyncio, os, signal, sys
from api.audit.tree import sequencer
from api.context import Context
from api.kit.clock import SystemClock
from api.settings import Settings

sequencer.BATCH = 5
written = sequencer._place
left = int(sys.argv[1])

async def dying(db, *rest):
    global left
    await written(db, *rest)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    context = Context.build(Settings(), SystemClock())
    from api.app import start
    await start(context)
    sequencer._place = dying
    await sequencer.Sequencer(context).step()

asyncio.run(main())
"""


@pytest.mark.parametrize("batches", [1, 3])
async def test_a_process_that_is_killed_in_the_middle_leaves_nothing_half_done(
    installation: Installation, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    async with running(installation, clock) as api:
        whose = await organization_of(api)
        await place(api)
        before = await positions(api, whose)
        await write(api, 20)
    monkeypatch.setenv("TASUKI_DATA_DIR", str(installation.folder))
    command = [sys.executable, "-c", DYING, str(batches)]
    died = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    async with running(installation, clock) as api:
        placed = await positions(api, whose)
        assert placed == list(range(len(before) + 5 * (batches - 1)))
        assert await Sequencer(api.app.state.context).step() == 20 - 5 * (batches - 1)
        verdict = await verdict_of(api)
        assert (verdict.faults, verdict.size) == ([], len(before) + 20)


def _set(model: Any, which: Any, **values: Any) -> Any:
    return update(model).where(which).values(**values)


def tampers(entries: list[AuditEntry]) -> dict[str, tuple[list[Any], set[tuple[str, int | None]]]]:
    """What an attacker with the database does, and what must be named: kind and position."""
    six, seven, eight = (entries[number] for number in (6, 7, 8))
    line: Any = AuditEvent.id == seven.event_id
    place: Any = (AuditEntry.organization_id == seven.organization_id) & (AuditEntry.position == 7)
    columns: dict[str, tuple[list[Any], set[tuple[str, int | None]]]] = {
        f"tamper-{name}": ([_set(AuditEvent, line, **{name: "evil"})], {("edited", 7)})
        for name in ("action", "actor_type", "actor_id", "target_type", "target_id")
    }
    swap = [
        _set(AuditEntry, place, event_id="x"),
        _set(AuditEntry, AuditEntry.event_id == eight.event_id, event_id=seven.event_id),
        _set(AuditEntry, AuditEntry.event_id == "x", event_id=eight.event_id),
    ]
    return {
        **columns,
        "tamper-time": ([_set(AuditEvent, line, time=_moment())], {("edited", 7)}),
        "tamper-digest": ([_set(AuditEvent, line, digest=bytes(32))], {("edited", 7), ("details", 7)}),
        "tamper-address": ([_set(AuditEvent, line, address_lookup="00")], {("details", 7)}),
        "splice-sealed": (
            [_set(AuditEvent, line, sealed=_sealed(six.event_id))],
            {("details", 7)},
        ),
        "tamper-deleted-line": ([delete(AuditEvent).where(line)], {("removed", 7)}),
        "tamper-deleted-line-and-place": (
            [delete(AuditEvent).where(line), delete(AuditEntry).where(place)],
            {("removed", 7)},
        ),
        "tamper-swapped": (swap, {("moved", 7), ("moved", 8)}),
        "tamper-leaf": ([_set(AuditEntry, place, leaf=bytes(32))], {("renumbered", 7)}),
        "tamper-checkpoint": ([_set(AuditCheckpoint, AuditCheckpoint.size > 0, signed="e30.e30.e30")], {("checkpoint", None)}),
        "tamper-frontier": ([_set(AuditCheckpoint, AuditCheckpoint.size > 0, nodes=bytes(32))], {("checkpoint", None)}),
        "tamper-organization": (
            [_set(AuditEvent, line, organization_id=_another(seven.organization_id))],
            {("edited", 7), ("foreign", 7)},
        ),
    }  # fmt: skip


def _another(organization_id: str) -> Any:
    return select(Organization.id).where(Organization.id != organization_id).scalar_subquery()


def _sealed(event_id: str) -> Any:
    other = aliased(AuditEvent)
    return select(other.sealed).where(other.id == event_id).scalar_subquery()


def _moment() -> Any:
    return ShiftedClock().now() - timedelta(days=1)


TABLES = (AuditEvent, AuditEntry, AuditCheckpoint)


async def test_tamper_with_the_database_and_the_export_names_it(quiet: Api) -> None:
    whose, context = await organization_of(quiet), quiet.app.state.context
    await write(quiet, 12)
    await place(quiet)
    async with context.database.read() as db:
        mine = select(AuditEntry).where(AuditEntry.organization_id == whose)
        entries = sorted((await db.exec(mine)).all(), key=lambda row: row.position)
    assert not (await verdict_of(quiet)).faults
    kept = {model: await rows_of(quiet, model) for model in TABLES}
    for name, (statements, expected) in tampers(entries).items():
        async with context.database.write() as db:
            for statement in statements:
                await db.exec(statement)
        verdict = await verdict_of(quiet)
        found = {(fault.kind.value, None if fault.kind == "checkpoint" else fault.position) for fault in verdict.faults}
        assert found & expected == expected, (name, verdict.faults)
        named = {fault.id for fault in verdict.faults if fault.position == 7}
        assert not named or entries[7].event_id in named or None in named or entries[8].event_id in named, name
        shown = await quiet.http.get("/v1/audit-events", headers=quiet.alice.headers)
        assert shown.status_code == 200, "the log can still be read"
        async with context.database.write() as db:
            for model in TABLES:
                await db.exec(delete(model))
            await db.flush()
            for model in TABLES:
                await db.exec(insert(model).values(kept[model]))
    assert not (await verdict_of(quiet)).faults


@pytest.mark.sqlite
async def test_tamper_a_line_written_behind_the_server_and_dated_back_is_named(quiet: Api) -> None:
    await write(quiet, 5)
    await place(quiet)
    context, whose = quiet.app.state.context, await organization_of(quiet)
    quiet.clock.advance(hours=1)
    async with context.database.write() as db:
        audit.record(db, context, whose, Action.DEVICE_CHANGED, by=SYSTEM)
        line = next(row for row in db.new if isinstance(row, AuditEvent))
        line.time = context.clock.now() - timedelta(days=3)
        name = line.id
    await place(quiet)
    assert [(fault.kind.value, fault.id) for fault in (await verdict_of(quiet)).faults] == [("backdated", name)]


async def test_tamper_the_newest_lines_are_gone_and_a_witness_knows(quiet: Api) -> None:
    context = quiet.app.state.context
    await write(quiet, 5)
    await place(quiet)
    quiet.clock.advance(minutes=2)
    await write(quiet, 5)
    await place(quiet)
    kept = await quiet.get("/v1/audit-events/checkpoint")
    size = kept["size"]
    async with context.database.write() as db:
        gone = select(AuditEntry.event_id).where(AuditEntry.position >= size - 5)
        await db.exec(delete(AuditEvent).where(col(AuditEvent.id).in_((await db.exec(gone)).all())))
        await db.exec(delete(AuditEntry).where(AuditEntry.position >= size - 5))
        await db.exec(delete(AuditCheckpoint).where(AuditCheckpoint.size == size))
    assert not (await verdict_of(quiet)).faults, "the server alone could do this unseen"
    verdict = await verdict_of(quiet, kept["checkpoint"])
    assert [(fault.kind.value, fault.position, fault.until) for fault in verdict.faults] == [
        ("witness", size - 5, size)
    ]
    await write(quiet, 9)
    await place(quiet)
    verdict = await verdict_of(quiet, kept["checkpoint"])
    assert [fault.kind.value for fault in verdict.faults] == ["witness"], "and going on does not hide it"


async def test_pruned_forgotten_and_signed_by_a_new_key_it_is_still_whole(
    quiet: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 100)
    context, whose = quiet.app.state.context, await organization_of(quiet)
    await place(quiet)
    quiet.clock.advance(minutes=1)  # the checkpoint of another minute stays beside the next
    made = await quiet.create(customer={"name": "Hanako", "email": "hanako@example.jp"})
    await write(quiet, 130)
    await quiet.http.post(f"/v1/sessions/{made['id']}/end", json={}, headers=quiet.alice.headers)
    await place(quiet)
    async with context.database.write() as db:
        mine = select(AuditCheckpoint).where(AuditCheckpoint.organization_id == whose)
        row = (await db.exec(mine.order_by(col(AuditCheckpoint.size).desc()).limit(1))).one()
        row.witnessed_at = context.clock.now()
        db.add(row)
    sent = await quiet.get("/v1/audit-events/checkpoint")
    quiet.clock.advance(days=2)
    await write(quiet, 300)
    await place(quiet)
    before = await verdict_of(quiet, sent["checkpoint"])
    limit = context.clock.now() - timedelta(days=1)
    removed = []
    while True:
        async with context.database.write() as db:
            removed.append(await audit.prune(db, context, whose, limit))
        if not removed[-1]:
            break
    assert removed[0] == 100
    assert sum(removed) == sent["size"]
    verdict = await verdict_of(quiet, sent["checkpoint"])
    assert (verdict.faults, verdict.start, verdict.size) == ([], sent["size"], before.size)
    assert [one.agrees for one in verdict.witnesses] == [True]
    assert len(await rows_of(quiet, AuditPruning)) == len(removed) - 1
    assert {row["number"] for row in await rows_of(quiet, AuditNode)} <= {0, 1}
    gone = await quiet.http.get("/v1/audit-events/consistency?from=3", headers=quiet.alice.headers)
    problem(gone, 409, "conflict")
    asked = {"from": sent["size"] + 7}
    grown = (await quiet.http.get("/v1/audit-events/consistency", params=asked, headers=quiet.alice.headers)).json()
    proof = [bytes.fromhex(node) for node in grown["proof"]]
    roots = bytes.fromhex(grown["old_root"]), bytes.fromhex(grown["new_root"])
    assert verify_consistency(grown["old_size"], grown["new_size"], *roots, proof)
    await _tampered_marker(quiet)


async def _tampered_marker(api: Api) -> None:
    markers = await rows_of(api, AuditPruning)
    async with api.app.state.context.database.write() as db:
        await db.exec(text("UPDATE audit_pruning SET signed = (SELECT min(signed) FROM audit_checkpoint)"))
    assert "marker" in {fault.kind.value for fault in (await verdict_of(api)).faults}
    async with api.app.state.context.database.write() as db:
        await db.exec(delete(AuditPruning))
    assert "removed" in {fault.kind.value for fault in (await verdict_of(api)).faults}
    async with api.app.state.context.database.write() as db:
        await db.exec(insert(AuditPruning).values(markers))
    assert not (await verdict_of(api)).faults


@pytest.mark.sqlite
async def test_a_forgotten_customer_leaves_the_line_and_takes_the_details(quiet: Api) -> None:
    made = await quiet.create(customer={"name": "Hanako", "email": "hanako@example.jp"})
    context, whose = quiet.app.state.context, await organization_of(quiet)
    async with context.database.write() as db:
        from api.sessions.models import Session  # noqa: PLC0415

        session = await db.get_one(Session, made["id"])
        audit.record(db, context, whose, Action.SESSION_INVITED, by=SYSTEM, target=session, email="hanako@example.jp")
        context_key = bytes.fromhex(session.key_id)
    await place(quiet)
    assert any(b"hanako@example.jp" in line for line in await exported(quiet))
    context.keyring.destroy([context_key])
    file = await exported(quiet)
    assert not any(b"hanako@example.jp" in line for line in file)
    verdict = verify(file)
    assert (verdict.faults, verdict.without_details) == ([], 1)


async def test_checkpoints_are_mailed_and_sent_as_often_as_the_settings_say(
    installation: Installation, clock: ShiftedClock
) -> None:
    with mail_server() as mailbox:
        url = f"smtp://127.0.0.1:{mailbox.port}"
        async with running(installation, clock, smtp_url=url, mail_from="Tasuki <tasuki@example.com>") as api:
            context = api.app.state.context
            wanted = {"witness_emails": ["auditor@example.org"], "witness_every_hours": 2, "witness_language": "ja"}
            changed = await api.http.patch(
                "/v1/organization", json={"settings": {"audit": wanted}}, headers=api.alice.headers
            )
            assert changed.json()["settings"]["audit"] == wanted
            await api.post("/v1/webhook-endpoints", {"url": "https://93.184.215.14/x", "events": ["audit.checkpoint"]})
            await place(api)
            assert [await witness.send_due(context) for _ in range(2)] == [1, 0]
            await write(api, 1)
            await place(api)
            assert await witness.send_due(context) == 0, "not within two hours"
            clock.advance(hours=2, seconds=1)
            assert await witness.send_due(context) == 1
            assert await witness.send_due(context) == 0, "nothing new"
            kept = await api.get("/v1/audit-events/checkpoint")
            assert kept["witnessed_at"] is not None
            endpoint = (await api.get("/v1/webhook-endpoints"))["items"][0]["id"]
            deliveries = (await api.get(f"/v1/webhook-endpoints/{endpoint}/deliveries"))["items"]
            assert [(one["type"], one["session_id"]) for one in deliveries] == [("audit.checkpoint", None)] * 2

            async def came() -> bool:
                return len(mailbox.received) == 2

            await wait_until(came)
            told = next(text_ for text_ in mailbox.texts() if kept["checkpoint"] in "".join(text_.split()))
            assert "\u7ba1\u7406\u30ed\u30b0" in told
            assert not (await verdict_of(api, kept["checkpoint"])).faults
