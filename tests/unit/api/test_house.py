"""House rules that a reader would otherwise have to check by eye."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import api
from api.auth.permissions import BY_ROLE, DESCRIPTIONS, Scope, effective
from api.integrations.mapping import value_at
from api.operators.models import Role
from api.problems import Problem, catalogue

ROOT = Path(api.__file__).parent
FILES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in sorted(ROOT.rglob("*.py"))]
QUERIES = {"select", "update", "delete"}


@pytest.mark.parametrize("path", FILES)
def test_sql_is_in_repositories_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("sqlmodel", "sqlalchemy")):
            taken = {name.name for name in node.names} & QUERIES
            assert not taken or path.name == "repository.py", f"{path.name} imports {taken}"


@pytest.mark.parametrize("path", FILES)
def test_models_have_no_postponed_annotations_and_nobody_commits(path: Path) -> None:
    text = path.read_text()
    if path.name == "models.py":
        assert "from __future__ import annotations" not in text
    if path.name != "db.py":
        assert "db.commit(" not in text


@pytest.mark.rule("R04")
@pytest.mark.parametrize("path", FILES)
def test_no_shell_is_called(path: Path) -> None:
    """Backups start PostgreSQL's client, from a command on the server; the test below holds that no request gets there."""
    given = {"subprocess"} if path == ROOT / "backup" / "client.py" else set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = {name.name for name in node.names} if isinstance(node, ast.Import) else set()
        assert not names & ({"subprocess", "pty", "shutil"} - given)
        assert not isinstance(node, ast.keyword) or node.arg != "shell"
        if isinstance(node, ast.ImportFrom):
            assert node.module not in {"subprocess", "pty"}
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"popen", "execv", "create_subprocess_exec", "create_subprocess_shell"}
            assert node.attr != "system" or ast.unparse(node.value) != "os"


@pytest.mark.rule("R04")
def test_a_running_api_can_start_no_program() -> None:
    """Nothing that it is made of imports what backups are made with."""
    code = "import sys, api.main; print(*[name for name in sys.modules if name.startswith('api.backup')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.rule("R05")
@pytest.mark.parametrize("path", FILES)
def test_no_archive_is_unpacked(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = {name.name for name in node.names} if isinstance(node, ast.Import) else set()
        assert not names & {"zipfile", "tarfile", "pickle", "shelve", "marshal"}


def test_slugs_tell_kinds_apart() -> None:
    kinds: list[type[Problem]] = [Problem]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    by_slug: dict[str, set[str]] = {}
    for kind in kinds:
        by_slug.setdefault(kind.slug, set()).add(kind.title)
    assert all(len(titles) == 1 for titles in by_slug.values())
    assert set(by_slug) == set(catalogue())


def test_every_scope_is_described_and_administrators_have_all() -> None:
    assert set(DESCRIPTIONS) == set(Scope)
    assert BY_ROLE[Role.ADMINISTRATOR] == set(Scope)
    assert BY_ROLE[Role.OPERATOR] < set(Scope)


@pytest.mark.rule("R28")
@pytest.mark.parametrize("role", list(Role))
def test_a_key_is_never_more_than_its_maker(role: Role) -> None:
    assert effective(role, [str(scope) for scope in Scope]) == BY_ROLE[role]
    assert effective(role, ["sessions:read", "everything", ""]) == {Scope.SESSIONS_READ}
    assert effective(role, []) == frozenset()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", "x"), ("list.1", "two"), ("number", "7"), ("price", "1.5"), ("flag", None), ("a", None), ("list", None),
        ("list.9", None), ("list.-1", None), ("a.b.c", None), ("nothing", None), ("empty", None), ("list.x", None),
    ],
)  # fmt: skip
def test_paths_into_a_hooks_body(path: str, value: str | None) -> None:
    body = {"a": {"b": " x "}, "list": ["one", "two"], "number": 7, "price": 1.5, "flag": True, "empty": "  "}
    assert value_at(body, path) == value
