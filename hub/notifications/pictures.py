"""Charts of the readings around alerts, as pictures in messages.

A separate process draws the charts, one after the other. A message waits only a short time for its picture, and
is sent without one if drawing takes longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from hub.errors import HubError
from hub.model import Alert, Device, MessageAlert, SeriesQuery
from hub.runtime.fault_log import FaultLog
from hub.store.reader import HistoryReader
from hub.worker import Worker
from hub.worker.chart_data import ChartData

faults = FaultLog(logging.getLogger(__name__))

WAIT_S = 3.0
"""Maximum time in seconds that a message waits for its chart."""
MAX_CACHED = 64
"""Maximum charts that are cached. A chart has about 15 kB."""
MAX_WAITING = 8
MEMORY_MB = 256
CPU_S = 2
MAX_POINTS = 300
FEW = 10
"""If the hour before the alert has fewer readings than this, the chart begins a day before the alert."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MAX_SIZE = 1e15
"""Numbers with this absolute value or more are left out of charts."""


class AlertPictures:
    """Draws the charts of alerts. ``store`` has the readings; ``find`` returns a device by its id."""

    def __init__(self, store: HistoryReader, find: Callable[[str], Device | None]) -> None:
        self._store = store
        self._find = find
        self._drawn: OrderedDict[tuple[str, int, str | None], asyncio.Task[bytes | None]] = OrderedDict()
        self._worker: Worker | None = None

    async def of(self, alert: Alert | MessageAlert, at: int, zone: str | None = None) -> bytes | None:
        """Return the chart of an alert up to the time ``at``, as PNG; None if it cannot be drawn or drawing is slow.

        ``zone`` is the IANA name of the time zone of the axis, None for the zone of this machine.
        """
        key = alert.id, at, zone
        if key not in self._drawn:
            if sum(not each.done() for each in self._drawn.values()) >= MAX_WAITING:
                return None
            self._drawn[key] = asyncio.create_task(self._draw(alert, at, zone), name=f"chart of the alert {alert.id}")
            if len(self._drawn) > MAX_CACHED:
                self._drawn.popitem(last=False)[1].cancel()
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.shield(self._drawn[key])
        except TimeoutError:
            faults.error("late", "A chart was not drawn within %g s. The message is sent without it.", WAIT_S)
            return None

    async def close(self) -> None:
        """End the drawing process."""
        for task in self._drawn.values():
            task.cancel()
        await asyncio.gather(*self._drawn.values(), return_exceptions=True)
        if self._worker is not None:
            await self._worker.close()

    async def _draw(self, alert: Alert | MessageAlert, at: int, zone: str | None) -> bytes | None:
        device = self._find(alert.device)
        if alert.metric is None or device is None:
            return None
        try:
            chart = await self._chart(alert, alert.metric, device, at)
            if chart is None:
                return None
            if self._worker is None:
                self._worker = Worker(memory_mb=MEMORY_MB, queue=MAX_WAITING, cpu_s=CPU_S, nice=0)
            data = msgspec.msgpack.encode(replace(chart, zone=zone))
            png: bytes = (await self._worker.run("chart", data))["png"]
        except HubError as error:
            faults.error(type(error).__name__, "A chart was not drawn (%s). The message is sent without it.", error)
            return None
        return png

    async def _chart(self, alert: Alert | MessageAlert, metric: str, device: Device, at: int) -> ChartData | None:
        """Return the data of a chart that begins an hour before the alert, or a day before if there are few readings.

        Return None if there are fewer than two readings.
        """
        end = max(at, alert.since) + 1
        for before in (HOUR_MS, DAY_MS):
            start = alert.since - max(before, (end - alert.since) // 4)
            query = SeriesQuery(device.id, metric, start, end, MAX_POINTS, shape="minmax")
            (series,) = await self._store.history([query])
            # With the shape "minmax", each point has only a time and a value.
            points = [(each[0], each[1]) for each in series.points if type(each[1]) in (int, float)]
            numbers = [(stamp, float(value)) for stamp, value in points if abs(float(value)) < MAX_SIZE]
            if len(numbers) >= FEW:
                break
        if len(numbers) < 2:
            return None
        return ChartData(
            title=device.describe(metric).title,
            unit=alert.unit or device.unit(metric),
            points=numbers,
            gaps=series.gaps,
            start=start,
            end=end,
            since=alert.since,
            ended_at=alert.ended_at,
            limit=alert.threshold,
        )
