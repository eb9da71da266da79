"""A long report out of a real process: flat memory, nobody waits for it, and `tasuki report` writes it to a file."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bench.history import EVERY, fill, resident
from tests.integration.api.support import Installation, ShiftedClock, running
from tests.integration.api.test_process import ROOT, serving

ROWS = 60_000
FLAT_BYTES = 8 << 20
"""Less than half of the report, and more than a few chunks."""


async def _one_session(installation: Installation) -> str:
    async with running(installation, ShiftedClock()) as api:
        await api.register_relays()
        session = await api.active(reference={"system": "crm", "id": "4711"})
        await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, status=200)
        return str(session["id"])


@pytest.mark.sqlite
def test_a_long_report_takes_flat_memory_and_delays_nobody(installation: Installation, tmp_path: Path) -> None:
    session = asyncio.run(_one_session(installation))
    first = fill(installation.folder / "tasuki.db", session, ROWS)
    headers = installation.alice.headers
    with (
        serving(installation.folder) as (process, url),
        httpx.Client(base_url=url, headers=headers, timeout=60) as http,
    ):
        received, grown, start = 0, 0, 0
        with http.stream("GET", "/v1/reports/sessions", params={"format": "csv"}) as answer:
            for part in answer.iter_bytes():
                received += len(part)
                if received < 2 << 20:  # what the first chunks need stays in use
                    start = resident(process.pid)
                    continue
                grown = max(grown, resident(process.pid) - start)
        assert received > 2 * FLAT_BYTES
        assert grown < FLAT_BYTES, (grown, received)
        with http.stream("GET", "/v1/reports/sessions", params={"format": "csv"}) as answer:
            next(answer.iter_bytes())  # and no more: it stands still, and holds no lock
            assert (
                httpx.post(f"{url}/v1/sessions", json={"mode": "view"}, headers=headers, timeout=20).status_code == 201
            )

        def tasuki(*words: str) -> str:
            env = {**os.environ, "TASUKI_API_KEY": installation.alice.access_token, "TASUKI_API_URL": url}
            command = [sys.executable, "-m", "agent", "report", *words]
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout

        file = tmp_path / "sessions.csv"
        until = (first + 1440 * EVERY).isoformat()
        assert tasuki("sessions", "--csv", str(file), "--to", until) == f"1439 rows in {file}\n"
        with file.open(newline="") as text:
            rows = list(csv.DictReader(text))
        assert len(rows) == 1439
        assert rows[-1]["created_at"] == f"{first + EVERY:%Y-%m-%dT%H:%M:%SZ}"
        assert [path.name for path in tmp_path.glob("sessions*")] == ["sessions.csv"]
        newest = json.loads(tasuki("sessions", "--limit", "250", "--json"))["items"]
        assert len({item["id"] for item in newest}) == 250
        sums = tasuki("usage", "--by", "operator", "--to", until).splitlines()
        assert sums[-1].split()[:2] == ["Alice", "1439"]
