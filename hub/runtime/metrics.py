"""What Prometheus reads: the one place that knows its library and the metrics' names.

The numbers belong to others and are handed in at each scrape; only the commit times are gathered here. It knows
neither the pipeline nor HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class MetricsSample(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's numbers at one moment. Counters count since the start; ``commit_age_s`` is None before the first."""

    received: int
    stored: int
    rejected: int
    shed: int
    duplicates: int
    batches: int
    queue: int
    unacknowledged: int
    dropped: int
    rate: float
    lag_s: float
    store_stalled: bool
    devices: dict[str, int]
    alerts: dict[str, int]
    commit_age_s: float | None
    store_bytes: int
    broker_connected: bool
    live_clients: int
    listeners: int
    device_rates: dict[str, float]


_COUNTERS = {
    "hub_messages_received": ("received", "MQTT messages that arrived."),
    "hub_messages_stored": ("stored", "Records written to the history."),
    "hub_messages_rejected": ("rejected", "Messages, or items of one, that nobody could read."),
    "hub_messages_shed": ("shed", "QoS 0 messages dropped because the queue was full."),
    "hub_messages_duplicate": ("duplicates", "Records left out because they had been delivered before."),
    "hub_broker_dropped": ("dropped", "Messages that the broker says it dropped for want of room, of any client."),
    "hub_batches": ("batches", "Batches committed."),
}
_GAUGES = {
    "hub_queue_depth": ("queue", "Messages and facts that wait for the pipeline."),
    "hub_unacknowledged": ("unacknowledged", "QoS 1 messages that came and are not committed yet."),
    "hub_message_rate": ("rate", "Messages a second, over the last seconds."),
    "hub_lag_seconds": ("lag_s", "Seconds from a message's arrival to its commit, of the oldest in a batch."),
    "hub_store_stalled": ("store_stalled", "1 while the history cannot be written."),
    "hub_store_bytes": ("store_bytes", "Bytes of the history on disk."),
    "hub_broker_connected": ("broker_connected", "1 while the broker is connected."),
    "hub_live_clients": ("live_clients", "Dashboards connected to /api/live."),
    "hub_listeners": ("listeners", "Listeners on /events/devices and /ws."),
}


class Metrics:
    """One registry of its own, so that two hubs in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._commits = Histogram(
            "hub_commit_seconds", "Seconds a commit took.", buckets=_BUCKETS, registry=self._registry
        )

    def observe_commit(self, seconds: float) -> None:
        """Count one commit that took ``seconds``."""
        self._commits.observe(seconds)

    def render(self, reading: MetricsSample, version: str) -> bytes:
        """The text that a scrape gets, as :data:`CONTENT_TYPE`."""
        scrape = CollectorRegistry()
        scrape.register(_Scrape(reading, version))
        return generate_latest(scrape) + generate_latest(self._registry)


class _Scrape(Collector):
    def __init__(self, reading: MetricsSample, version: str) -> None:
        self._reading = reading
        self._version = version

    def collect(self) -> Iterator[Metric]:
        reading = self._reading
        for name, (field, text) in _COUNTERS.items():
            yield CounterMetricFamily(name, text, value=getattr(reading, field))
        for name, (field, text) in _GAUGES.items():
            yield GaugeMetricFamily(name, text, value=getattr(reading, field))
        rates = GaugeMetricFamily(
            "hub_device_rate", "Messages a second of the busiest devices, by their rhythm.", labels=["device"]
        )
        for device, rate in reading.device_rates.items():
            rates.add_metric([device], rate)
        yield rates
        devices = GaugeMetricFamily("hub_devices", "Devices by presence.", labels=["presence"])
        for presence, count in reading.devices.items():
            devices.add_metric([presence], count)
        yield devices
        alerts = GaugeMetricFamily("hub_open_alerts", "Open alerts by severity.", labels=["severity"])
        for severity, count in reading.alerts.items():
            alerts.add_metric([severity], count)
        yield alerts
        if reading.commit_age_s is not None:
            yield GaugeMetricFamily(
                "hub_last_commit_age_seconds", "Seconds since the last commit.", value=reading.commit_age_s
            )
        yield InfoMetricFamily("hub_build", "The version that runs.", value={"version": self._version})
