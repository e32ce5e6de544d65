"""Serve the state of a fleet to Prometheus. Each scrape reads the ledger, over a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from segmind_ltx._fleet.job import JobHandler
from segmind_ltx._fleet.status import FleetStatus, read_status
from segmind_ltx._postgres.connection import connect
from segmind_ltx.errors import ConfigurationError

PREFIX: Final = "segmind_ltx_"


def serve_metrics(address: str, url: str, handler: JobHandler) -> None:
    """Serve metrics at ``[HOST]:PORT``, from a thread. Raises `ConfigurationError` if that is no address, or taken."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigurationError(f"--metrics {address} is not an address; use [HOST]:PORT, such as :9464")
    registry = CollectorRegistry()
    registry.register(FleetCollector(url, handler))
    try:
        start_http_server(int(port), host or "0.0.0.0", registry)  # noqa: S104 - as an exporter does by default
    except OSError as error:
        raise ConfigurationError(f"--metrics {address}: {error.strerror}") from None


class FleetCollector(Collector):
    """Reads the metrics at each scrape."""

    def __init__(self, url: str, handler: JobHandler) -> None:
        self._url, self._handler = url, handler

    def describe(self) -> Iterator[Metric]:
        """Return nothing: a registry would otherwise read the ledger once more at the start."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; of the ledger only if it can be reached."""
        yield _gauge("worker_submitted", "Jobs that this worker has submitted.", self._handler.submitted)
        yield _gauge("worker_saved", "Videos that this worker has saved.", self._handler.saved)
        try:
            with closing(connect(self._url)) as connection:
                status = read_status(connection)
        except ConfigurationError:
            yield _gauge("ledger_up", "Whether the ledger can be reached.", 0)
            return
        yield _gauge("ledger_up", "Whether the ledger can be reached.", 1)
        yield from _of(status)


def _of(status: FleetStatus) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(f"{PREFIX}jobs", "Rows of a batch in a state.", labels=["batch", "state"])
    money = GaugeMetricFamily(f"{PREFIX}usd", "Money of a batch, in USD.", labels=["batch", "kind"])
    for batch in status.batches:
        for state, count in batch.states.items():
            jobs.add_metric([batch.name, state], count)
        for kind, amount in (("spent", batch.spent), ("reserved", batch.reserved), ("in_doubt", batch.doubt)):
            money.add_metric([batch.name, kind], amount)
        if batch.budget is not None:
            money.add_metric([batch.name, "budget"], batch.budget)
    yield jobs
    yield money
    yield CounterMetricFamily(f"{PREFIX}submits", "Submits of the account.", value=status.submits)
    yield CounterMetricFamily(f"{PREFIX}rate_limited", "Submits answered 429.", value=status.limited)
    yield _gauge("submits_last_minute", "Submits in the last minute.", status.last_minute)
    yield _gauge("held_seconds", "Seconds for which no worker submits.", max(0.0, status.held_until - status.now))
    yield _gauge(
        "stopped", "Whether the submitting was stopped; a person has to look.", float(status.stopped is not None)
    )
    yield _gauge(
        "oldest_unfetched_seconds", "Age of the oldest paid job that is not saved.", status.unfetched_for or 0.0
    )
    yield _gauge("ambiguous", "Rows that a person has to settle.", len(status.ambiguous))
    yield _gauge(
        "workers", "Workers that gave a sign within a minute.", sum(w[3] > status.now - 60 for w in status.workers)
    )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value=value)
