"""Exporter for Prometheus: subscribes to the same broker as the hub and shows the newest reading of each metric."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiomqtt
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

LABELS = ("device", "model", "gateway")


class Exporter(Collector):
    """Exports the newest readings, and the time of the last message of each device.

    A message also counts as one of the device's gateway. Like other exporters for MQTT, this one keeps exporting the
    last value of a device that has fallen silent.
    """

    def __init__(self) -> None:
        self._labels: dict[str, tuple[str, str, str]] = {}
        self._seen: dict[str, float] = {}
        self._measured: dict[str, int] = {}
        self._values: dict[tuple[str, str], float] = {}

    def take(self, topic: str, payload: bytes) -> None:
        """Store the description or the readings in a message of a device."""
        _, device, kind = topic.split("/")
        body: Any = json.loads(payload)
        if kind == "info":
            self._labels[device] = (device, body["model"], body.get("via", device))
            return
        for each in body if isinstance(body, list) else [body]:
            if each["ts"] < self._measured.get(device, 0):
                continue
            self._measured[device] = each["ts"]
            self._values.update({(metric, device): float(value) for metric, value in each["metrics"].items()})
        for heard in {device, self._labels[device][2]}:
            self._seen[heard] = time.time()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = GaugeMetricFamily("last_seen_timestamp_seconds", "When a device was heard last", labels=LABELS)
        for device, at in list(self._seen.items()):
            seen.add_metric(self._labels[device], at)
        yield seen
        families: dict[str, GaugeMetricFamily] = {}
        by_metric: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for (metric, device), value in list(self._values.items()):
            by_metric[metric].append((device, value))
        for metric, values in by_metric.items():
            families[metric] = GaugeMetricFamily(metric, f"The newest {metric}", labels=LABELS)
            for device, value in values:
                families[metric].add_metric(self._labels[device], value)
        yield from families.values()


@contextlib.asynccontextmanager
async def running_exporter(broker: int, port: int) -> AsyncIterator[None]:
    """Run an exporter on this port of the loopback interface."""
    exporter, registry = Exporter(), CollectorRegistry()
    registry.register(exporter)
    server, thread = start_http_server(port, "127.0.0.1", registry)
    async with aiomqtt.Client("127.0.0.1", broker, identifier="exporter") as client:
        await client.subscribe("devices/+/info", qos=1)
        await client.subscribe("devices/+/telemetry", qos=1)

        async def read() -> None:
            async for message in client.messages:
                exporter.take(message.topic.value, bytes(message.payload))

        reading = asyncio.create_task(read(), name="exporter")
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join()
