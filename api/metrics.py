"""Prometheus metrics of one api process. Labels come from fixed sets: templates of routes, states, slugs; never an id, a name
or an address.

What is counted while it happens is here. What is read from the database, the disk or the pool at the moment somebody asks
comes from api/operation/.
"""

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from api.problems import catalogue

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "tasuki_api_"
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OTHER = "other"

JOIN = ("POST", "/v1/join")
SIGN_INS = frozenset({
    ("POST", "/v1/auth/token"), ("POST", "/v1/auth/mfa/verify"), ("POST", "/v1/auth/passkeys/sign-in"),
})  # fmt: skip
"""Routes at whose end somebody is signed in."""
ATTEMPTS = ("delivered", "failed", "given_up")
"""How an attempt to send a webhook or a mail ends."""

disable_created_metrics()  # type: ignore[no-untyped-call] # a second time series for each counter, which nothing here needs


class Metrics:
    """What one process counts. Each app has its own registry, so that several live in one process (tests)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests answered", "method", "route", "status")
        self.problems = self._counter("problems", "Requests answered with a problem", "route", "problem")
        self.seconds = Histogram(
            f"{PREFIX}request_seconds", "Time to answer, long polls left out", ["route"],
            registry=self.registry, buckets=LATENCY_BUCKETS,
        )  # fmt: skip
        self.sent = self._counter("sent_bytes", "Bytes of bodies sent")
        self.running = self._gauge("requests_running", "Requests being served, long polls among them")
        self.long_polls = self._gauge("long_polls", "Requests that wait for something to happen")
        self.joins = self._counter("joins", "Session codes tried, by outcome: ok, or the problem's slug", "outcome")
        self.sign_ins = self._counter("sign_ins", "Sign-ins tried, by outcome: ok, or the problem's slug", "outcome")
        self.webhooks = self._counter("webhook_attempts", "Attempts to deliver a webhook, by outcome", "outcome")
        self.mails = self._counter("mail_attempts", "Attempts to send a mail, by outcome", "outcome")
        self.failures = self._counter("background_failures", "Rounds of background work that failed", "part")
        self.loop_lag = self._gauge("loop_lag_seconds", "How late the event loop's last tick was")
        self._slugs = frozenset(catalogue())
        for outcome in ATTEMPTS:  # a rate over a series that is not there yet is nothing, not zero
            self.webhooks.labels(outcome)
            self.mails.labels(outcome)
        self.joins.labels("ok")
        self.sign_ins.labels("ok")

    def answered(
        self, method: str, route: str, status: int, *, seconds: float, size: int, problem: str | None, waited: bool
    ) -> None:
        """One request is over; `waited` says that it was a long poll, whose duration means nothing."""
        self.requests.labels(method if method in METHODS else OTHER, route, str(status)).inc()
        self.sent.inc(size)
        if not waited:
            self.seconds.labels(route).observe(seconds)
        slug = problem if problem in self._slugs else None
        if slug:
            self.problems.labels(route, slug).inc()
        if (method, route) == JOIN:
            self.joins.labels(slug or _outcome(status)).inc()
        elif (method, route) in SIGN_INS:
            self.sign_ins.labels(slug or _outcome(status)).inc()

    def render(self, facts: Collector) -> bytes:
        """The text exposition format: what was counted, and `facts` as they are now."""
        now = CollectorRegistry(auto_describe=False)
        now.register(facts)
        return generate_latest(self.registry) + generate_latest(now)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(PREFIX + name, text, registry=self.registry)


def gauge(name: str, text: str, value: float) -> Metric:
    """One number."""
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def counter(name: str, text: str, value: float) -> Metric:
    """One number that only grows; its samples' name ends in `_total`."""
    return CounterMetricFamily(PREFIX + name, text, value=value)


def gauges(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """A number for each value of a label."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=[label])
    for value, number in values:
        family.add_metric([value], number)
    return family


def info(name: str, text: str, values: dict[str, str]) -> Metric:
    """Words, as labels of a 1."""
    return InfoMetricFamily(PREFIX + name, text, value=values)


def _outcome(status: int) -> str:
    return "ok" if status < 400 else OTHER
