"""What a customer who looks on leaves for the next process: for its owner's eyes, for 15 minutes, and no host's."""

import json
from pathlib import Path

import pytest

from agent.host.kept import HostFile
from agent.viewer.kept import KeptViewer, ViewerFile
from wire.limits import RESUME_SECONDS

KEPT = KeptViewer({"session": "ses_1"}, (b"n" * 32, b"o" * 32), "https://support.example.com", "ja")


def test_it_comes_back_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    file = ViewerFile(tmp_path / "hosts" / "one.json")
    assert file.load() is None
    file.save(KEPT)
    assert ViewerFile(file.path).load() == KEPT
    assert file.path.stat().st_mode & 0o777 == 0o600
    file.erase()
    assert file.load() is None
    file.erase()


@pytest.mark.parametrize("change", [{"kind": "host"}, {"version": 2}, {"saved": 1.0}, {"secrets": 3}, {"seat": None}])
def test_what_is_old_or_another_is_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    file = ViewerFile(tmp_path / "one.json")
    file.save(KEPT)
    file.path.write_text(json.dumps(json.loads(file.path.read_text()) | change))
    assert file.load() is None


def test_after_the_time_for_a_resume_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ViewerFile(tmp_path / "one.json")
    file.save(KEPT)
    saved = json.loads(file.path.read_text())["saved"]
    monkeypatch.setattr("time.time", lambda: saved + RESUME_SECONDS)
    assert file.load() is None


def test_hosts_and_viewers_do_not_take_each_others_files(tmp_path: Path) -> None:
    file = ViewerFile(tmp_path / "one.json")
    file.save(KEPT)
    assert HostFile(file.path).load(0.0) is None
