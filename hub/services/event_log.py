"""Log each device that is discovered, and each alert that is raised, cleared or diagnosed, in one line each.

After :data:`MAX_PER_MINUTE` lines of one kind in a minute, further lines are only counted, so that ten thousand devices
that connect at the same time do not fill the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hub.events import AlertCleared, AlertRaised, DeviceDiscovered, DiagnosisReady, Event
from hub.registry.registry import DeviceRegistry
from hub.runtime.bus import Bus, Closed, Lagged

log = logging.getLogger(__name__)

MAX_PER_MINUTE = 60
MINUTE_MS = 60_000


class EventLog:
    """Writes events to the log. ``now`` returns the time in epoch ms."""

    def __init__(self, bus: Bus, registry: DeviceRegistry, now: Callable[[], int]) -> None:
        self._bus = bus
        self._registry = registry
        self._now = now
        self._minute = 0  # the current minute, counted from 1970
        self._written: dict[str, int] = {}  # by kind: lines in this minute, including those that were only counted

    async def run(self) -> None:
        """Log the events of the bus until it is closed."""
        with self._bus.subscribe() as subscription:
            try:
                while True:
                    self.write(await subscription.get())
            except Closed:
                self._say_more()

    def write(self, events: Sequence[Event | Lagged]) -> None:
        """Log the discovered devices, and the raised, cleared and diagnosed alerts, among these events."""
        for event in events:
            if isinstance(event, DeviceDiscovered):
                device = self._registry.get(event.device)
                how = f" ({device.display_name}, {device.dialect})" if device is not None else ""
                self._line("devices discovered", "Device discovered: %s%s", event.device, how)
            elif isinstance(event, AlertRaised):
                alert = event.alert
                what = (alert.severity, alert.device, alert.message, alert.rule)
                self._line("alerts raised", "Alert raised: %s, %s: %s [rule %s]", *what)
            elif isinstance(event, AlertCleared):
                alert = event.alert
                self._line("alerts cleared", "Alert cleared: %s: %s [rule %s]", alert.device, alert.message, alert.rule)
            elif isinstance(event, DiagnosisReady) and event.diagnosis.alert is not None:
                found = event.diagnosis
                cause = found.cause or "not enough evidence"
                writer = found.generated_by.provider
                self._line("alerts diagnosed", "Alert diagnosed: %s: %s [by %s]", found.device, cause, writer)

    def _line(self, kind: str, text: str, *values: object) -> None:
        minute = self._now() // MINUTE_MS
        if minute != self._minute:
            self._say_more()
            self._minute = minute
        self._written[kind] = self._written.get(kind, 0) + 1
        if self._written[kind] <= MAX_PER_MINUTE:
            log.info(text, *values)

    def _say_more(self) -> None:
        """Log how many lines of each kind were left out, and reset the counts."""
        for kind, count in self._written.items():
            if count > MAX_PER_MINUTE:
                log.info("%d more %s within a minute", count - MAX_PER_MINUTE, kind)
        self._written.clear()
