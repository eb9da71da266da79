"""Checks the JSDoc types of web/ with tsc (from web/node_modules, put there by tools/vendor.py)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"


def main() -> int:
    compiler, node = WEB / "node_modules/typescript/bin/tsc", shutil.which("node")
    if node is None or not compiler.exists():
        if os.environ.get("CI") == "true":
            sys.stderr.write("tsc: Node or web/node_modules is missing; install Node 20 or newer\n")
            return 1
        print("tsc: skipped, Node is not here (CI runs it)")
        return 0
    return subprocess.run([node, str(compiler), "--project", str(WEB), "--noEmit"], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
