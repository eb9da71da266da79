"""Facts as metrics."""

import platform
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from prometheus_client import Metric
from prometheus_client.registry import Collector

from api.context import Context
from api.metrics import counter, gauge, gauges, info
from api.operation.facts import Facts
from api.sessions.states import State


class FactsCollector(Collector):
    """What was found out a moment ago. Of several processes on one database all say the same of it: take the maximum."""

    def __init__(self, context: Context, facts: Facts) -> None:
        self._context, self._facts = context, facts

    def collect(self) -> Iterable[Metric]:
        """Every family, with a value even where there is nothing, so that an alert has something to compare."""
        yield from self._process()
        if self._facts.database:
            yield from self._database()

    def _process(self) -> Iterable[Metric]:
        facts, context = self._facts, self._context
        kind = "sqlite" if context.database.is_sqlite else "postgresql"
        about = {"version": metadata.version("tasuki"), "python": platform.python_version(), "database": kind}
        yield info("build", "What is running", about)
        yield gauge("database_up", "1 if the database answered", facts.database)
        yield gauge("keyring_up", "1 if the keyring opens what was sealed", facts.keyring)
        yield gauge("stopping", "1 once the process is about to end", context.stopping.is_set())
        yield gauge("disk_free_bytes", "Free on the disk of the data directory", facts.machine.disk_free)
        yield gauge("disk_size_bytes", "Size of the disk of the data directory", facts.machine.disk_size)
        pool: Any = context.database.engine.pool
        yield gauge("database_connections", "Connections of the pool in use", pool.checkedout())
        yield gauge("database_connections_max", "Connections that the pool may have", pool.size())
        keyring = context.keyring
        yield counter("keyring_hits", "Keys that were in memory when they were needed", keyring.hits)
        yield counter("keyring_misses", "Keys that had to be read from the keyring", keyring.misses)
        if facts.machine.upkeep_age is not None:
            yield gauge("upkeep_age_seconds", "Time since upkeep was last through", facts.machine.upkeep_age)
        if facts.machine.certificate_until is not None:
            until = facts.machine.certificate_until.timestamp()
            yield gauge("certificate_expires_timestamp_seconds", "When the certificate expires", until)
        if facts.machine.backup_at is not None:
            made = facts.machine.backup_at.timestamp()
            yield gauge("last_backup_timestamp_seconds", "When `tasuki admin backup` last succeeded", made)

    def _database(self) -> Iterable[Metric]:
        facts = self._facts
        live = [state for state in State if state not in {State.ENDED, State.EXPIRED}]
        sessions = [(str(state), facts.sessions.get(state, 0)) for state in live]
        yield gauges("sessions", "Sessions that have not ended, by state", "state", sessions)
        yield gauge("relays_healthy", "Relays that take sessions", facts.relays)
        yield gauge("webhooks_waiting", "Webhook deliveries not taken yet", facts.webhooks.waiting)
        overdue = facts.overdue(facts.webhooks)
        yield gauge("webhooks_overdue_seconds", "How long the next webhook attempt is overdue", overdue)
        yield gauge("mails_waiting", "Mails not sent yet", facts.mails.waiting)
        yield gauge("mails_overdue_seconds", "How long the next mail attempt is overdue", facts.overdue(facts.mails))
        lag = facts.sequencing_lag
        yield gauge("audit_sequencing_lag_seconds", "How long a line of a log has been waiting for its place", lag)
        if facts.clock_skew is not None:
            skew = facts.clock_skew.total_seconds()
            yield gauge("database_clock_skew_seconds", "How far the database's clock is ahead of ours", skew)
