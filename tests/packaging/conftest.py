"""One wheel and one environment per part, made once."""

import zipfile
from pathlib import Path

import pytest

from tests.packaging.build import copy_context, must


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean tree: what git or Docker would give a builder."""
    return copy_context(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the script of the Dockerfile."""
    target = tmp_path_factory.mktemp("wheel")
    must("tools/image/wheel", target, cwd=source)
    (found,) = target.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def wheel_files(wheel: Path) -> frozenset[str]:
    """What the wheel holds."""
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def _environment(part: str, source: Path, wheel: Path, target: Path) -> Path:
    must("tools/image/environment", part, target, wheel.parent, cwd=source)
    return target


@pytest.fixture(scope="session")
def api_environment(source: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what the api needs."""
    return _environment("api", source, wheel, tmp_path_factory.mktemp("api") / "environment")


@pytest.fixture(scope="session")
def relay_environment(source: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what a relay needs."""
    return _environment("relay", source, wheel, tmp_path_factory.mktemp("relay") / "environment")


@pytest.fixture(scope="session")
def agent_environment(source: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what an operator's or a customer's machine needs."""
    return _environment("agent", source, wheel, tmp_path_factory.mktemp("agent") / "environment")
