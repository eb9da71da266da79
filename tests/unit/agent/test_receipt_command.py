"""`tasuki receipt verify`: what it says and how it exits, without any server."""

import json
from datetime import UTC
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.commands.output import CommandError
from tests.support.receipts import receipt
from texts.receipt_page import page
from wire import receipt as receipts
from wire.tokens import SigningKey

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
FILE = receipts.make(KEY, receipt())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_bytes(FILE)
    return path


@pytest.fixture(autouse=True)
def language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def verify(path: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["receipt", "verify", str(path), *options])


def test_with_the_servers_key_it_is_proven_and_told_in_plain_words(file: Path) -> None:
    result = verify(file, f"--key={KEY.kid}")
    assert result.exit_code == 0
    for words in (
        "nothing of it was changed since it was signed",
        "with the key that you named",
        "Alice Example (signed in with a passkey)",
        "Alice Example: Mouse and keyboard  09:02:10 – 09:08:30",
        "what the customer's computer told the server",
    ):
        assert words in result.output.replace("\n", " ")


def test_a_key_set_is_as_good_as_a_fingerprint(file: Path, tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [OTHER.public_jwk, KEY.public_jwk]}))
    assert verify(file, "--key", str(keys)).exit_code == 0
    keys.write_text(json.dumps({"keys": [OTHER.public_jwk]}))
    assert verify(file, "--key", str(keys)).exit_code == 6


def test_without_a_key_it_is_whole_and_no_more(file: Path) -> None:
    result = verify(file)
    assert result.exit_code == 7
    assert "is not proven" in result.output


def test_tamper_the_changed_member_is_named(file: Path) -> None:
    file.write_bytes(FILE.replace(b'"ended_by": "customer"', b'"ended_by": "operator"'))
    result = verify(file, f"--key={KEY.kid}")
    assert result.exit_code == 6
    assert "CHANGED after it was signed: /server/ended_by" in result.output
    assert "Mouse and keyboard" not in result.output, "what is not proven is not shown as if it were"
    found = json.loads(verify(file, "--json").output)
    assert (found["whole"], found["fields"]) == (False, ["/server/ended_by"])


def test_evil_another_key_is_said_so(file: Path) -> None:
    result = verify(file, f"--key={OTHER.kid}")
    assert result.exit_code == 6
    assert KEY.kid in result.output


def test_the_page_is_as_good_as_the_file(tmp_path: Path) -> None:
    path = tmp_path / "receipt.html"
    path.write_text(page(receipt(), FILE, KEY.kid, "ja", UTC))
    assert verify(path, f"--key={KEY.kid}").exit_code == 0


def test_evil_a_page_that_shows_something_else_proves_what_was_signed(tmp_path: Path) -> None:
    path = tmp_path / "receipt.html"
    path.write_text(page(receipt(), FILE, KEY.kid, "en", UTC).replace("Alice Example", "Mallory"))
    result = verify(path, f"--key={KEY.kid}")
    assert result.exit_code == 0
    assert "Mallory" not in result.output


@pytest.mark.parametrize("data", [b"", b"{}", b"<!doctype html>", b"\xff\xfe"])
def test_what_is_no_receipt_is_said_so(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    result = verify(path)
    assert result.exit_code == 6
    assert "no receipt" in result.output


@pytest.mark.parametrize("options", [["--key=short"], ["--key=/etc/hostname"]])
def test_a_key_that_is_none_is_a_sentence(file: Path, options: list[str]) -> None:
    result = verify(file, *options)
    assert isinstance(result.exception, CommandError)
    assert "JWKS" in str(result.exception)


def test_a_file_that_is_not_there_or_too_large_is_a_sentence(tmp_path: Path) -> None:
    missing, large = tmp_path / "missing", tmp_path / "large"
    large.write_bytes(b" " * (5 << 20))
    for path in (missing, large):
        assert isinstance(verify(path).exception, CommandError)
