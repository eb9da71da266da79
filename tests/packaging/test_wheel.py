"""What the wheel holds, and what it does not."""

import pytest

from tests.packaging.build import ROOT, context_files

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(300)]

PACKAGES = ("agent", "api", "ext", "relay", "texts", "wire")
SOURCES = (".pyx", ".pxd", ".c")
DATA = "tasuki-0.1.0.data/data/share/tasuki/"
BESIDE_THE_PAGES = {"web/package.json", "web/package-lock.json", "web/tsconfig.json"}
VENDORED = {
    "web/vendor/fzstd/fzstd.js",
    "web/vendor/fzstd/LICENSE",
    "web/vendor/swagger-ui/swagger-ui-bundle.js",
    "web/vendor/swagger-ui/swagger-ui.css",
    "web/vendor/swagger-ui/LICENSE",
    "web/vendor/swagger-ui/NOTICE",
}


def test_every_file_of_the_packages_is_installed(wheel_files: frozenset[str]) -> None:
    ours = {name for name in context_files(ROOT) if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    assert {name for name in ours if not name.endswith(SOURCES)} - wheel_files == set()


def test_the_kernels_are_compiled(wheel_files: frozenset[str]) -> None:
    kernels = {name.removesuffix(".pyx") for name in context_files(ROOT) if name.endswith(".pyx")}
    compiled = {name.split(".", 1)[0] for name in wheel_files if name.endswith((".so", ".pyd"))}
    assert compiled == kernels != set()


def test_pages_and_migrations_are_data_files(wheel_files: frozenset[str]) -> None:
    installed = {name.removeprefix(DATA) for name in wheel_files if name.startswith(DATA)}
    expected = {name for name in context_files(ROOT) if name.startswith(("web/", "migrations/"))} - BESIDE_THE_PAGES
    assert (expected | VENDORED | {"alembic.ini"}) - installed == set(), "name the folder in pyproject.toml, data-files"
    assert {name for name in installed - expected if not name.startswith("web/vendor/")} == {"alembic.ini"}


def test_nothing_else_is_in_it(wheel_files: frozenset[str]) -> None:
    assert {name.split("/", 1)[0] for name in wheel_files} == {
        *PACKAGES,
        "tasuki-0.1.0.data",
        "tasuki-0.1.0.dist-info",
    }
    assert not {name for name in wheel_files if "node_modules" in name or "/tests/" in name or name.endswith(SOURCES)}


def test_the_licence_comes_along(wheel_files: frozenset[str]) -> None:
    assert "tasuki-0.1.0.dist-info/licenses/LICENSE" in wheel_files
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
