"""Reports: their bodies, and what gives way when the api stays away; pauses; the key file."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from relay.actions import Fact, Tell
from relay.api_client import ApiClient, ApiDown, ApiRefused
from relay.backoff import Backoff
from relay.key_cache import KeyCache
from relay.reports import Reports, report_of
from relay.settings import Settings


class Recorder(ApiClient):
    """An api that answers as told and keeps what it took."""

    def __init__(self, *answers: Exception | None) -> None:
        super().__init__(Settings(), SecretStr("x"))
        self.answers = list(answers)
        self.taken: list[dict[str, Any]] = []

    async def report(self, reports: list[dict[str, Any]]) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        self.taken += reports


def joined(sender: int) -> Tell:
    return Tell(Fact.JOINED, "ses_1", sender)


def usage(sender: int) -> Tell:
    return Tell(Fact.USAGE, "ses_1", sender, bytes_in=1, bytes_out=2, seconds=3.0)


def test_a_report_says_only_what_is_known() -> None:
    report = report_of(joined(2), datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC))
    assert report.pop("id").startswith("rpt_")
    assert report == {"session_id": "ses_1", "type": "joined", "time": "2026-01-02T03:04:05.678Z", "sender": 2}


def test_every_report_has_an_id_of_its_own() -> None:
    assert len({report_of(joined(2), datetime.now(UTC))["id"] for _ in range(100)}) == 100


async def test_reports_keep_their_order() -> None:
    api = Recorder()
    reports = Reports(api)
    for tell in (joined(1), usage(1), joined(2)):
        reports.put(tell)
    await reports.flush()
    assert [report["type"] for report in api.taken] == ["joined", "usage", "joined"]
    assert len(reports) == 0
    await api.close()


async def test_usage_gives_way_before_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.reports.REPORTS", 3)
    api = Recorder()
    reports = Reports(api)
    for tell in (joined(1), usage(1), joined(2), joined(3), joined(4)):
        reports.put(tell)
    assert (len(reports), reports.dropped) == (3, 2)
    await reports.flush()
    assert [report["sender"] for report in api.taken] == [2, 3, 4]
    await api.close()


async def test_an_api_that_is_away_loses_nothing() -> None:
    api = Recorder(ApiDown("away"), ApiRefused(401, "token"))
    reports = Reports(api)
    reports.put(joined(1))
    for _ in range(2):
        await reports.flush()
        assert len(reports) == 1
    await reports.flush()
    assert [report["sender"] for report in api.taken] == [1]
    await api.close()


async def test_a_refused_report_is_given_up_alone() -> None:
    wrong = ApiRefused(422, "wrong")
    api = Recorder(wrong, None, wrong, None)
    reports = Reports(api)
    for sender in (1, 2, 3):
        reports.put(joined(sender))
    await reports.flush()
    assert [report["sender"] for report in api.taken] == [1, 3]
    assert (len(reports), reports.dropped) == (0, 1)
    await api.close()


def test_pauses_double_up_to_a_limit_and_start_again() -> None:
    backoff = Backoff(1.0, 4.0, random.Random(1))
    pauses = [backoff.failed() for _ in range(5)]
    assert all(step / 2 <= pause <= step for step, pause in zip((1, 2, 4, 4, 4), pauses, strict=True))
    backoff.succeeded()
    assert backoff.failed() <= 1.0


def test_the_key_file_is_read_back(tmp_path: Path) -> None:
    cache = KeyCache(tmp_path / "new", "ws://a")
    assert cache.load() is None
    cache.save("rel_1", "http://i", {"keys": []})
    assert cache.load() == {"relay_id": "rel_1", "issuer": "http://i", "jwks": {"keys": []}}
    assert KeyCache(tmp_path / "new", "ws://b").load() is None, "every relay has its own"


@pytest.mark.parametrize("content", ["", "[", "[]", "\0"])
def test_tampered_key_files_are_passed_over(tmp_path: Path, content: str) -> None:
    cache = KeyCache(tmp_path, "ws://a")
    assert cache.path
    cache.path.write_text(content)
    assert cache.load() is None


def test_without_a_directory_nothing_is_kept() -> None:
    cache = KeyCache(None, "ws://a")
    cache.save("rel_1", "http://i", {})
    assert cache.load() is None
