"""The lock file: hashes for everything, no index address, and what each part takes from it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.packaging.build import ROOT
from tools import requirements as tool
from tools.vendor import NODE_PACKAGE

LOCK = (ROOT / "constraints.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
LOCKED_FILES = [ROOT / "constraints.txt", ROOT / "tools/image/node.txt"]
SHIPPED = [ROOT / name for name in ("Dockerfile", "compose.yaml", "pyproject.toml", "Makefile")]
SHIPPED += sorted((ROOT / "tools/image").iterdir())


def names(*parts: str) -> set[str]:
    return {line.split("==")[0] for line in tool.requirements(ROOT, parts) if "==" in line}


@pytest.mark.parametrize("path", LOCKED_FILES, ids=lambda path: path.name)
def test_every_requirement_is_locked_with_hashes(path: Path) -> None:
    locked = tool.read_lock(re.sub(r"^#.*\n", "", path.read_text()))
    assert locked
    for name, package in locked.items():
        assert re.match(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ;.*)? \\$", package.lines[0]), name
        assert package.lines[1:], name
        assert all(HASH.search(line) for line in package.lines[1:]), name


@pytest.mark.parametrize("path", [*LOCKED_FILES, *SHIPPED], ids=lambda path: path.name)
def test_no_index_is_named(path: Path) -> None:
    said = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    options = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--registry", "/simple")
    assert [line for line in said if any(option in line for option in options)] == []


def test_the_lock_of_the_browser_names_public_packages_with_integrity() -> None:
    text = (ROOT / "web/package-lock.json").read_text()
    assert text.count('"resolved"') <= text.count('"integrity": "sha512-')


def test_a_part_takes_only_its_own() -> None:
    assert {"fastapi", "sqlmodel", "sqlalchemy", "greenlet", "uvicorn", "alembic"} <= names("api")
    assert {"typer", "picows", "pynput", "pytest", "cython"} & names("api") == set()
    assert {"aiofastnet", "httptools", "uvloop", "httpcore", "pydantic-core"} <= names("relay")
    assert {"fastapi", "picows", "sqlmodel", "sqlalchemy", "typer", "pytest"} & names("relay") == set()
    assert {"typer", "rich", "six", "evdev", "cryptography"} <= names("agent")
    assert {"fastapi", "sqlmodel", "sqlalchemy", "uvicorn", "alembic"} & names("agent") == set()
    assert names("build") == {"setuptools", "cython", "aiofastnet"}
    assert names("api", "relay") == names("api") | names("relay")


def test_all_parts_together_are_the_lock_file() -> None:
    assert names(*PROJECT["project"]["optional-dependencies"]) == tool.read_lock(LOCK).keys()


def test_node_of_the_images_is_the_one_of_the_build() -> None:
    assert NODE_PACKAGE in (ROOT / "tools/image/node.txt").read_text()


def test_an_unknown_part_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["server"]) == 1
    assert "'server' is none of agent, api, build, dev, relay" in capsys.readouterr().err
    assert tool.main([]) == 2


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(tool.RequirementsError, match="does not lock nowhere; run `make lock`"):
        tool.closure(tool.read_lock(LOCK), {"nowhere"})
