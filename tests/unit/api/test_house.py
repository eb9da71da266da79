"""House rules that a reader would otherwise have to check by eye."""

import ast
import functools
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
FILES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
QUERIES = {"select", "update", "delete"}
STARTERS = {"popen", "execv", "create_subprocess_exec", "create_subprocess_shell"}


@functools.cache
def nodes_of_files() -> dict[str, list[ast.AST]]:
    """Every file as its syntax tree's nodes."""
    return {name: list(ast.walk(ast.parse(text))) for name, text in FILES.items()}


def imported(*modules: str) -> list[tuple[str, str]]:
    """Where one of these modules is imported, with or without `from`: `(file, module)`."""
    found = []
    for file, nodes in nodes_of_files().items():
        for node in nodes:
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(file, name) for name in names if name.split(".", 1)[0] in modules]
    return found


def test_the_files_are_read() -> None:
    assert {"app.py", "sessions/repository.py"} <= FILES.keys()
    assert {file for file, _ in imported("sqlmodel")} > {"sessions/repository.py"}


def test_sql_is_in_repositories_only() -> None:
    taken = [
        (file, node.module, name.name)
        for file, nodes in nodes_of_files().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("sqlmodel", "sqlalchemy"))
        for name in node.names
        if name.name in QUERIES
    ]
    assert [found for found in taken if Path(found[0]).name != "repository.py"] == []
    assert taken, "repositories import them"


def test_models_have_no_postponed_annotations_and_nobody_commits() -> None:
    models = {file for file in FILES if Path(file).name == "models.py"}
    assert {file for file in models if "from __future__ import annotations" in FILES[file]} == set()
    assert {file for file in FILES if "db.commit(" in FILES[file]} <= {"db.py"}


@pytest.mark.rule("R04")
def test_no_shell_is_called() -> None:
    """Backups start PostgreSQL's client, from a command on the server, and the parent of several processes starts those; both
    before or without any request: the test below holds that none gets to the first, and the second serves none."""
    starters = {("backup/client.py", "subprocess"), ("processes.py", "subprocess")}
    assert set(imported("subprocess", "pty", "shutil")) == starters
    called = [
        (file, ast.unparse(node))
        for file, nodes in nodes_of_files().items()
        for node in nodes
        if (isinstance(node, ast.keyword) and node.arg == "shell")
        or (isinstance(node, ast.Attribute) and node.attr in STARTERS)
        or (isinstance(node, ast.Attribute) and ast.unparse(node) == "os.system")
    ]
    assert called == []


@pytest.mark.rule("R04")
def test_a_running_api_can_start_no_program() -> None:
    """Nothing that it is made of imports what backups are made with."""
    code = "import sys, api.main; print(*[name for name in sys.modules if name.startswith('api.backup')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.rule("R05")
def test_no_archive_is_unpacked() -> None:
    assert imported("zipfile", "tarfile", "pickle", "shelve", "marshal") == []


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
