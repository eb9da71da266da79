"""`tasuki serve api --processes N`: one port, several processes, one database."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import httpx
import psutil
import pytest

from tests.integration.api.conftest import POSTGRESQL
from tests.integration.api.support import Installation, wait_until
from tests.integration.api.test_process import environment, run


def test_sqlite_is_for_one_process(tmp_path: Path) -> None:
    done = run("api.main", tmp_path, "--processes", "2")
    assert done.returncode == 1
    assert done.stderr == (
        "tasuki api: several processes need PostgreSQL: set TASUKI_DATABASE_URL=postgresql://…, or leave out --processes\n"
    )


class TestSeveral:
    @pytest.fixture
    def database(self) -> str:
        return POSTGRESQL

    async def test_one_that_is_killed_is_started_anew_and_all_stop_together(self, installation: Installation) -> None:
        """The killed one's place is taken by the other meanwhile; killed themselves, the parent takes both along."""
        settings = environment(installation.folder, TASUKI_DATABASE_URL=os.environ["TASUKI_DATABASE_URL"])
        parent = subprocess.Popen(
            [sys.executable, "-m", "api.main", "--processes", "2"], env=settings, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        guard = Timer(90, parent.kill)
        guard.start()
        try:
            assert parent.stdout is not None
            url = parent.stdout.readline().split()[-1]
            first = children(parent)
            assert len(first) == 2
            assert "-P" in psutil.Process(first[0]).cmdline(), "nothing is imported from the folder it was started in"
            async with httpx.AsyncClient(base_url=url, headers=installation.alice.headers) as http:
                session = (await http.post("/v1/sessions", json={"mode": "view"})).json()
            os.kill(first[0], signal.SIGKILL)
            async with httpx.AsyncClient(base_url=url, headers=installation.alice.headers) as http:
                shown = await http.get(f"/v1/sessions/{session['id']}")
                assert shown.json()["state"] == "waiting"

            async def two_again() -> bool:
                now = children(parent)
                return len(now) == 2 and first[0] not in now

            await wait_until(two_again, 30)
            second = children(parent)
            parent.send_signal(signal.SIGTERM)
            assert parent.wait(30) == 0
            assert not any(psutil.pid_exists(pid) for pid in second)
        finally:
            parent.kill()
            parent.communicate()
            guard.cancel()

    async def test_whose_parent_is_killed_stops(self, installation: Installation) -> None:
        settings = environment(installation.folder, TASUKI_DATABASE_URL=os.environ["TASUKI_DATABASE_URL"])
        parent = subprocess.Popen(
            [sys.executable, "-m", "api.main", "--processes", "2"], env=settings, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert parent.stdout is not None
        parent.stdout.readline()
        left = [psutil.Process(pid) for pid in children(parent)]
        parent.kill()
        parent.communicate()
        gone, alive = psutil.wait_procs(left, timeout=30)
        for process in alive:
            process.kill()
        assert (len(gone), alive) == (2, [])


def children(parent: "subprocess.Popen[str]") -> list[int]:
    return [child.pid for child in psutil.Process(parent.pid).children() if child.status() != psutil.STATUS_ZOMBIE]
