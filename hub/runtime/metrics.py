"""Metrics in the text format of Prometheus.

The values are passed in at each scrape; only the histogram of commit times is kept here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ReadingGauge(NamedTuple):
    """The present value of one metric of a device, for Prometheus. The boolean false is 0, and true is 1."""

    device: str
    metric: str
    unit: str
    value: float


class MetricsSample(msgspec.Struct, frozen=True, kw_only=True):
    """The values of all metrics of the hub at one moment.

    Counters count since start-up; ``commit_age_s`` is None before the first commit.
    """

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
    tasks: int
    device_rates: dict[str, float]
    readings: list[ReadingGauge]
    readings_truncated: bool


_COUNTERS = {
    "hub_messages_received": ("received", "MQTT messages that arrived."),
    "hub_messages_stored": ("stored", "Records written to the history."),
    "hub_messages_rejected": ("rejected", "Messages, or items of one, that could not be decoded or stored."),
    "hub_messages_shed": ("shed", "QoS 0 messages dropped because the queue was full."),
    "hub_messages_duplicate": ("duplicates", "Records left out because they had been delivered before."),
    "hub_broker_dropped": ("dropped", "Messages that the broker reports as dropped because a client's queue was full."),
    "hub_batches": ("batches", "Batches committed."),
}
_GAUGES = {
    "hub_queue_depth": ("queue", "Messages and inputs that wait for the pipeline."),
    "hub_unacknowledged": ("unacknowledged", "QoS 1 messages received and not committed yet."),
    "hub_message_rate": ("rate", "Messages a second, over the last seconds."),
    "hub_lag_seconds": ("lag_s", "Seconds from a message's arrival to its commit, of the oldest in a batch."),
    "hub_store_stalled": ("store_stalled", "1 while the history cannot be written."),
    "hub_store_bytes": ("store_bytes", "Bytes of the history on disk."),
    "hub_broker_connected": ("broker_connected", "1 while the broker is connected."),
    "hub_live_clients": ("live_clients", "Dashboards connected to /api/live."),
    "hub_readings_truncated": ("readings_truncated", "1 if http.metrics_readings is too small for all readings."),
    "hub_tasks": ("tasks", "Tasks of the event loop: connections, streams and background work."),
    "hub_listeners": ("listeners", "Clients connected to /events/devices and /ws."),
}


class Metrics:
    """Renders the metrics of a hub for Prometheus. ``version`` is the version of its software."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._registry = CollectorRegistry()  # not the library's global registry: a process may run two hubs
        self._commits = Histogram(
            "hub_commit_seconds", "Seconds a commit took.", buckets=_BUCKETS, registry=self._registry
        )
        ProcessCollector(registry=self._registry)  # memory, CPU and open files, by their usual names

    def observe_commit(self, seconds: float) -> None:
        """Record that a commit took ``seconds``, for the histogram of commit times."""
        self._commits.observe(seconds)

    def render(self, sample: MetricsSample) -> bytes:
        """Return the metrics in ``sample`` as the text that Prometheus reads, of the type :data:`CONTENT_TYPE`."""
        scrape = CollectorRegistry()
        scrape.register(_Scrape(sample, self._version))
        return generate_latest(scrape) + generate_latest(self._registry)


class _Scrape(Collector):
    def __init__(self, sample: MetricsSample, version: str) -> None:
        self._sample = sample
        self._version = version

    def collect(self) -> Iterator[Metric]:
        sample = self._sample
        for name, (field, text) in _COUNTERS.items():
            yield CounterMetricFamily(name, text, value=getattr(sample, field))
        for name, (field, text) in _GAUGES.items():
            yield GaugeMetricFamily(name, text, value=getattr(sample, field))
        rates = GaugeMetricFamily(
            "hub_device_rate",
            "Messages a second of the busiest devices, from their expected intervals.",
            labels=["device"],
        )
        for device, rate in sample.device_rates.items():
            rates.add_metric([device], rate)
        yield rates
        devices = GaugeMetricFamily("hub_devices", "Devices by presence.", labels=["presence"])
        for presence, count in sample.devices.items():
            devices.add_metric([presence], count)
        yield devices
        alerts = GaugeMetricFamily("hub_open_alerts", "Open alerts by severity.", labels=["severity"])
        for severity, count in sample.alerts.items():
            alerts.add_metric([severity], count)
        yield alerts
        if sample.readings:
            text, labels = "Present value of a metric of a device that is online.", ["device", "metric", "unit"]
            readings = GaugeMetricFamily("hub_reading", text, labels=labels)
            for gauge in sample.readings:
                readings.add_metric([gauge.device, gauge.metric, gauge.unit], gauge.value)
            yield readings
        if sample.commit_age_s is not None:
            yield GaugeMetricFamily(
                "hub_last_commit_age_seconds", "Seconds since the last commit.", value=sample.commit_age_s
            )
        yield InfoMetricFamily("hub_build", "Version of the hub.", value={"version": self._version})
