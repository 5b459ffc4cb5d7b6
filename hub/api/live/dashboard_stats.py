"""The hub's figures in the dashboard's header, and their trend over the last minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from hub.ai.providers import ProviderChain
from hub.api.live.throughput import Throughput
from hub.api.trend import STEP_S, Trend
from hub.mqtt.client import MqttClientState
from hub.runtime.process_usage import UsageMeter
from hub.services.alerts import Alerts
from hub.services.devices import Devices


class DashboardStats:
    """Builds the ``stats`` message, and records the trend.

    Attributes:
        trend: The figures of the last five minutes.
        devices: Counts devices by presence.
        alerts: Counts open alerts by severity.
        throughput: Measures the message rate, queues and losses.
    """

    def __init__(
        self,
        *,
        devices: Devices,
        alerts: Alerts,
        throughput: Throughput,
        broker: Callable[[], MqttClientState],
        providers: ProviderChain,
        now: Callable[[], int],
    ) -> None:
        self.trend = Trend()
        self.devices = devices
        self.alerts = alerts
        self.throughput = throughput
        self._broker = broker
        self._providers = providers
        self._usage = UsageMeter()  # CPU and memory of the hub's process
        self._now = now

    async def run(self) -> None:
        """Add the present figures to the trend at regular intervals, until cancelled."""
        while True:
            await asyncio.sleep(STEP_S)
            presence, severity = self.devices.by_presence(), self.alerts.by_severity()
            self.trend.add(sum(severity.values()), presence["stale"], presence["offline"], self.throughput.rate)

    def message(self) -> str:
        """Return the ``stats`` message as JSON."""
        presence, severity = self.devices.by_presence(), self.alerts.by_severity()
        counters, usage, state = self.throughput.counters(), self._usage(), self._broker()
        chat = self._providers.describe()
        message = {
            "type": "stats",
            "ts": self._now(),
            "devices": sum(presence.values()),
            **presence,
            "open_alerts": sum(severity.values()),
            "critical": severity["critical"],
            **{name: counters[name] for name in ("received", "stored", "rejected", "shed")},
            "rate": round(self.throughput.rate, 1),
            "last_minute": self.throughput.last_minute,
            "cpu": usage.cpu,
            "rss": usage.rss,
            "ai": {"provider": chat[0].provider, "model": chat[0].model} if chat else None,
            "broker": {"connected": state.connected, "address": state.address, "since": state.since},
        }
        return msgspec.json.encode(message).decode()
