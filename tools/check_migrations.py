"""Fails when the tables and the migrations differ (`alembic check` on a fresh SQLite database)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TASUKI_DATABASE_URL": f"sqlite:///{folder}/check.db", "TASUKI_DATA_DIR": folder}
        for arguments in (["upgrade", "head"], ["check"]):
            command = [sys.executable, "-m", "alembic", *arguments]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stderr.write(done.stdout + done.stderr)
                return 1
    print("migrations: up to date with the tables")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
