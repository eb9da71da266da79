"""The frame of `make fuzz`: every target can be run, and a finding makes it fail."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import __main__ as frame


@pytest.mark.parametrize("name", frame.names())
def test_a_target_has_its_one_function(name: str) -> None:
    tree = ast.parse((frame.HERE / f"fuzz_{name}.py").read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions["fuzz"].args.args] == ["seconds"]
    assert ast.get_docstring(tree)


def test_an_unknown_target_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["nonsense"]) == 2
    assert "device_proofs" in capsys.readouterr().out


@pytest.mark.parametrize(("body", "code"), [("raise AssertionError", 1), ("return", 0), ("raise SystemExit(3)", 0)])
def test_a_finding_fails_and_a_missing_tool_does_not(
    body: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """3 is the exit code of a target whose tool does not exist on this system."""
    script = tmp_path / "target.py"
    script.write_text(f"def fuzz(seconds):\n    {body}\nfuzz(1)\n")
    real = subprocess.run

    def instead(_command: list[str], **options: object) -> "subprocess.CompletedProcess[bytes]":
        return real([sys.executable, str(script)], cwd=tmp_path, timeout=60, check=False, capture_output=True)

    monkeypatch.setattr(subprocess, "run", instead)
    assert frame.run_all(["device_proofs"], 1) == code
    assert ("look at device_proofs" in capsys.readouterr().out) == bool(code)
