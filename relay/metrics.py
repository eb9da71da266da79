"""Prometheus metrics, read from the relay's own counters at the moment somebody asks."""

import platform
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from relay.api_client import own_version
from relay.control import Control
from relay.health import certificate_until
from relay.reports import Reports
from relay.server import RelayServer


class RelayCollector(Collector):
    """Everything worth watching; labels come from fixed sets."""

    def __init__(
        self, server: RelayServer, control: Control, reports: Reports, certificate: Path | None = None
    ) -> None:
        self._server, self._control, self._reports = server, control, reports
        self._certificate = certificate

    def collect(self) -> Iterable[Metric]:
        self._server.settle()
        about = {"version": own_version(), "python": platform.python_version()}
        yield InfoMetricFamily("tasuki_relay_build", "What is running", value=about)
        if until := certificate_until(self._certificate):
            yield _gauge("certificate_expires_timestamp_seconds", "When the certificate expires", until.timestamp())
        yield from self._gauges()
        yield from self._totals()
        count = self._server.counters
        yield _labelled("dropped_messages", "Messages that were not forwarded, by reason", "reason", count.dropped)
        yield _labelled("refused_handshakes", "Connections refused, by reason", "reason", count.refused)
        yield _labelled("closed_connections", "Connections closed by this relay, by reason", "reason", count.closed)

    def _gauges(self) -> Iterable[Metric]:
        registry, now = self._server.registry, self._server.now()
        boxes = [member.outbox for room in registry.rooms.values() for member in room.members.values()]
        yield _gauge("sessions", "Sessions with somebody connected", len(registry.rooms))
        yield _gauge("participants", "Connected participants", len(boxes))
        yield _gauge("connections", "Open sockets, before and after the handshake", self._server.gate.open)
        yield _gauge("connections_max", "Open sockets that there may be", self._server.gate.total)
        yield _gauge("queued_bytes", "Bytes waiting for participants", sum(box.size for box in boxes))
        oldest = max((box.pictures.age(now) for box in boxes), default=0.0)
        yield _gauge("live_picture_age_seconds", "Age of the oldest live picture waiting", oldest)
        yield _gauge("loop_lag_seconds", "How late the last tick was", self._server.lag_seconds)
        yield _gauge("tombstones", "Ended sessions still refused", len(registry.tombstones))
        yield _gauge("reports_waiting", "Reports the api has not taken yet", len(self._reports))
        yield _gauge("api_reachable", "1 if the last call to the api was answered", int(self._control.registered))
        yield _gauge("draining", "1 once this relay is going away", int(self._server.draining))

    def _totals(self) -> Iterable[Metric]:
        count = self._server.counters
        yield _total("received_bytes", "Bytes of frames received", count.bytes_in)
        yield _total("sent_bytes", "Bytes of messages sent", count.bytes_out)
        yield _total("received_messages", "End-to-end messages received", count.messages_in)
        yield _total("sent_messages", "End-to-end messages sent, once per recipient", count.messages_out)
        yield _total("joins", "Participants that connected", count.joins)
        yield _total(
            "replaced_latest", "LATEST messages replaced by newer ones before they were sent", count.replaced_latest
        )
        yield _total("cuts", "Viewers cut from the live stream for falling behind", count.cuts)
        yield _total("shed_messages", "Live messages dropped by a cut", count.shed)
        yield _total("behind", "Times a host was told of a cut viewer", count.behind)
        yield _total("reports_dropped", "Reports given up", self._reports.dropped)


def render(collector: RelayCollector) -> bytes:
    """The text exposition format; memory, processor time and open files of the process as well."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(collector)
    return generate_latest(registry)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tasuki_relay_{name}", help_text, value=value)


def _total(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"tasuki_relay_{name}", help_text, value=value)


def _labelled(name: str, help_text: str, label: str, values: Counter[str]) -> Metric:
    family = CounterMetricFamily(f"tasuki_relay_{name}", help_text, labels=[label])
    for value, number in values.items():
        family.add_metric([str(value)], number)
    return family
