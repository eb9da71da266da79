"""The browser's keys against a real host: the hybrid suite, what a statement demands, beacons that only the host can sign."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.unit.web.host import HOST, LiveHost, running
from tests.unit.web.test_session import HEIGHT, LINK, WIDTH, go_live, phase, screen, shows, start, state
from wire.handshake import SUITE_HYBRID, SUITE_X25519
from wire.header import Delivery, Stream, header, join_frame
from wire.messages.screen import Beacon
from wire.proof import Signer

pytestmark = pytest.mark.browser

WITHOUT_ML_KEM = """() => {
  const made = crypto.subtle.generateKey.bind(crypto.subtle);
  crypto.subtle.generateKey = (algorithm, ...more) =>
    algorithm === 'ML-KEM-768' ? Promise.reject(new DOMException('no', 'NotSupportedError')) : made(algorithm, ...more);
}"""


@pytest.fixture
def host() -> Iterator[LiveHost]:
    with running(LiveHost()) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        yield host


def suite_of(host: LiveHost) -> int:
    found: int = host.do(lambda: host.protocol._peers.get(2).pair.suite)  # type: ignore[union-attr]
    return found


def test_the_browser_and_the_host_agree_on_the_hybrid_suite(page: Page, host: LiveHost) -> None:
    go_live(page, host)
    assert suite_of(host) == SUITE_HYBRID


def test_a_browser_without_ml_kem_goes_by_x25519(page: Page, host: LiveHost) -> None:
    page.evaluate(WITHOUT_ML_KEM)
    go_live(page, host)
    assert suite_of(host) == SUITE_X25519


def refused(page: Page, why: str) -> None:
    assert phase(page, "failed")["why"] == why


def test_pq_required_is_not_downgraded_by_a_browser_without_it(page: Page) -> None:
    with running(LiveHost(policy={"pq_required": True})) as host:
        page.evaluate(WITHOUT_ML_KEM)
        start(page, host)
        refused(page, "pq-required")
        assert host.attempts() == [], "it does not even begin"


def test_pq_required_is_not_downgraded_by_a_host_without_it(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.host.verification.suites", lambda: bytes([SUITE_X25519]))
    with running(LiveHost(policy={"pq_required": True})) as host:
        start(page, host)
        refused(page, "pq-required")


def test_pq_required_is_kept_where_both_have_it(page: Page) -> None:
    with running(LiveHost(policy={"pq_required": True})) as host:
        host.show(screen(1), WIDTH, HEIGHT)
        go_live(page, host)
        assert suite_of(host) == SUITE_HYBRID


@pytest.mark.parametrize(
    ("policy", "link", "why"),
    [({"verification": "link"}, None, "verification"), ({"verification": "later"}, LINK, "statement-differs")],
    ids=["a code where a link is demanded", "a demand that is not known"],
)
def test_what_the_statement_demands_is_kept(page: Page, policy: Any, link: bytes | None, why: str) -> None:
    known = policy if policy["verification"] == "link" else {}
    with running(LiveHost(link=link, policy=known)) as host:
        host.policy_told(policy)
        start(page, host, **({"link": link.hex()} if link else {}))
        refused(page, why)


@pytest.mark.rule("R20")
def test_evil_beacon_of_a_viewer_who_holds_the_epoch_key_is_not_believed(page: Page, host: LiveHost) -> None:
    """Sealed under the right key, but signed by another: pausing, or a picture number far ahead, comes to nothing."""
    go_live(page, host)
    shows(page, screen(1))

    def forge() -> bytes:
        sealer = host.protocol._epochs._sealer
        assert sealer is not None
        said = Beacon(1 << 30, int(time.monotonic() * 1000), 1 << 20, 1, 1)
        body = Signer(os.urandom(32)).beacon(said, host.protocol._epochs._statement, HOST, sealer.number)
        return sealer.seal(header(Delivery.LATEST, Stream.BEACON, HOST), body)

    host.send_raw(join_frame([host.do(forge)]))
    host.show(screen(2), WIDTH, HEIGHT)
    shows(page, screen(2))
    assert state(page)["paused"] is False
    assert page.evaluate("window.viewing.states.some((state) => state.paused)") is False
    page.wait_for_timeout(1_200)
    assert state(page)["age"] == 0
