"""`tasuki audit verify`: what it says and how it exits, without any server."""

import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.commands.output import CommandError
from tests.support.trail import KEY, OTHER_KEY, log_of, pruned, row_of
from wire.trail import form

pytestmark = pytest.mark.rule("R33")
LOG = log_of([5, 10])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(LOG.file()))
    return path


@pytest.fixture(autouse=True)
def language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def verify(path: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["audit", "verify", str(path), *options])


def as_json(path: Path, *options: str) -> dict[str, Any]:
    return dict(json.loads(verify(path, "--json", *options).output))


def told(result: Result) -> str:
    return " ".join(result.output.split())


def test_a_witness_agrees(file: Path) -> None:
    result = verify(file, "--witness", LOG.signed[15])
    assert result.exit_code == 0
    assert "NOTHING WAS CHANGED" in told(result)
    assert "the first 15 lines are those of that day" in told(result)
    assert "could have written" not in told(result)


def test_with_nothing_to_compare_it_says_what_is_not_proven(file: Path) -> None:
    result = verify(file)
    assert result.exit_code == 7
    assert "Whoever has the server could have written another history" in told(result)
    assert KEY.kid in told(result)
    only_key = verify(file, "--key", KEY.kid)
    assert only_key.exit_code == 0
    assert "whoever has the server and this key could have written another history" in told(only_key)


def test_tamper_is_named_with_id_and_position(file: Path) -> None:
    lines = LOG.file()
    lines[9] = lines[9].replace(b"operator.changed", b"operator.deleted")
    file.write_bytes(b"".join(lines))
    result = verify(file, "--witness", LOG.signed[15])
    row = form.read_row(lines[9])
    assert row is not None
    assert result.exit_code == 6
    assert f"edited {row.position} evt_a{row.position:04}: this line is not as it was signed" in told(result)
    assert "what is named above was changed after that" in told(result)
    found = as_json(file, "--witness", LOG.signed[15])
    assert (found["whole"], found["exit_code"]) == (False, 6)
    assert found["faults"][0]["kind"] == "edited"
    assert found["faults"][0]["id"] == f"evt_a{row.position:04}"


def test_witnesses_are_found_where_people_keep_them(file: Path, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Checkpoint"
    mail.set_content(f"Please keep this.\n\n{LOG.signed[5]}\n\n{LOG.signed[15]}\n")
    kept = {
        "mail.eml": mail.as_bytes(),
        "copied.txt": "\r\n".join(LOG.signed[15][at : at + 70] for at in range(0, len(LOG.signed[15]), 70)).encode(),
        "hook.json": json.dumps({"type": "audit.checkpoint", "data": {"checkpoint": LOG.signed[15]}}).encode(),
    }
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
        assert verify(file, "--witness", str(tmp_path / name)).exit_code == 0, name
    assert [one["size"] for one in as_json(file, "--witness", str(tmp_path / "mail.eml"))["witnesses"]] == [5, 15]
    (tmp_path / "empty.txt").write_text("nothing here")
    for wrong in (str(tmp_path / "empty.txt"), "eyJhbGciOi", "no"):
        result = verify(file, "--witness", wrong)
        assert isinstance(result.exception, CommandError)
        assert "--witness is a checkpoint" in str(result.exception)


def test_another_key_or_another_log_is_refused(file: Path, tmp_path: Path) -> None:
    assert verify(file, "--key", OTHER_KEY.kid).exit_code == 6
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [OTHER_KEY.public_jwk, KEY.public_jwk]}))
    assert verify(file, "--key", str(keys)).exit_code == 0
    assert isinstance(verify(file, "--key", "short").exception, CommandError)
    other = log_of([5], organization="org_b").signed[5]
    assert verify(file, "--witness", other).exit_code == 6


def test_what_is_no_log_fails_with_a_sentence(file: Path) -> None:
    file.write_text("{}\n")
    result = verify(file)
    assert isinstance(result.exception, CommandError)
    assert "no exported audit log" in str(result.exception)
    assert isinstance(verify(file.parent / "nowhere").exception, CommandError)


def test_a_line_without_end_is_read_in_pieces(file: Path) -> None:
    lines = LOG.file()
    lines.insert(3, b"x" * (form.MAX_ROW_BYTES * 2 + 5) + b"\n")
    file.write_bytes(b"".join(lines))
    assert [fault["kind"] for fault in as_json(file)["faults"]] == ["form"] * 3


def test_many_faults_are_counted(file: Path) -> None:
    log = log_of([5])
    for number in range(5, 60):
        log.add(row_of(number)._replace(details=b"{}"))
    log.sign()
    file.write_bytes(b"".join(log.file()))
    assert "and 35 more" in told(verify(file))


def test_evil_beginning_left_out_with_a_key_of_ones_own_is_not_taken_for_retention(file: Path) -> None:
    log = log_of([5, 10], keys=[OTHER_KEY])
    witness = log.signed[15]
    log.key = OTHER_KEY
    file.write_bytes(b"".join(pruned(log, 8).file()))
    result = verify(file, "--witness", witness)
    assert result.exit_code == 7
    assert "may have been left out of the file" in told(result)
