"""Queries over live state and history that the tools and the built-in analyst share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np

from hub.insight.series import MetricSeries
from hub.insight.statistics import spread
from hub.model import SEVERITIES, Activity, Alert, Device, Diagnosis, Limit, Series, SeriesQuery
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.store.reader import HistoryReader
from hub.tools.lookup import Lookup
from hub.tools.trends import LOOK_BACK_MS, Heading, heading
from hub.tools.views import AlertView, Comparison, DeviceView, Ranked, celsius

_MAX_SERIES, _MAX_PEERS = 400, 20
_PAGE, _PAGES = 500, 20


class Queries:
    """Read-only queries. ``now`` returns epoch ms."""

    def __init__(
        self, *, registry: DeviceReader, engine: AlertReader, store: HistoryReader, now: Callable[[], int]
    ) -> None:
        self.registry, self.engine, self.store, self.now = registry, engine, store, now
        self.lookup = Lookup(registry)
        self.hub_problems: Callable[[], Sequence[str]] = list  # faults, and parts that are degraded

    def ranked(self, devices: Iterable[Device], metric: str, order: str = "highest") -> list[Ranked]:
        """Rank devices by the metrics whose names contain ``metric``: one row per device, in the given order.

        If several metrics of a device match, its row has the value that is first in ``order`` (``highest`` or
        ``lowest``). Temperatures are compared in °C, whatever their units.
        """
        part = metric.casefold().replace(" ", "_")
        rows = [
            Ranked(d.id, d.display_name, d.display_area, name, latest.value, d.unit(name), latest.ts)
            for d in devices
            for name, latest in d.metrics.items()
            if part in name.casefold() and type(latest.value) is float
        ]
        rows.sort(key=lambda r: (celsius(r.value, r.unit), r.device), reverse=order == "highest")
        first: dict[str, Ranked] = {}
        for row in rows:
            first.setdefault(row.device, row)
        return list(first.values())

    async def headings(self, devices: Iterable[Device], within_s: float) -> list[Heading]:
        """Return the metrics that will reach a limit within ``within_s`` seconds, soonest first.

        Only devices that are online are examined, and at most 400 of their metrics.
        """
        end = self.now()
        limited = (
            (d, metric, limit)
            for d in devices
            if d.presence == "online"
            for metric, limit in self.limits(d).items()
            if metric in d.metrics
        )
        chosen = list(islice(limited, _MAX_SERIES))
        series = await self.store.history(
            [SeriesQuery(d.id, m, end - LOOK_BACK_MS, end, buckets=360) for d, m, _ in chosen]
        )
        found = []
        for (d, metric, limit), one in zip(chosen, series, strict=True):
            track = MetricSeries.of(metric, d.unit(metric), one.points)
            row = heading(d.id, d.display_name, track, limit, within_s)
            found += [row] if row else []
        return sorted(found, key=lambda h: h.left_s)

    async def alerts_between(
        self, start: int, end: int, devices: Iterable[str] | None = None, limit: int = 30
    ) -> list[AlertView]:
        """Return the newest ``limit`` alerts raised from ``start`` to ``end`` (epoch ms), newest first."""
        return await self.explained((await self.raised_between(start, end, devices))[:limit])

    async def raised_between(self, start: int, end: int, devices: Iterable[str] | None = None) -> list[Alert]:
        """Return the alerts that were raised from ``start`` to ``end`` (epoch ms), newest first.

        If ``devices`` is given, only alerts of these devices are returned. An alert that was found in late readings
        counts at the time when its condition began. Only the 10,000 newest alerts of the hub are searched.
        """
        wanted = None if devices is None else set(devices)
        found: list[Alert] = []
        before: tuple[int, str] | None = None
        for _ in range(_PAGES):
            page = await self.store.alerts(limit=_PAGE, before=before)
            found += [
                a
                for a in page
                if start <= (a.since if a.late else a.raised_at) <= end and (wanted is None or a.device in wanted)
            ]
            if len(page) < _PAGE or page[-1].raised_at < start:
                break
            before = (page[-1].raised_at, page[-1].id)
        return found

    async def activity_between(
        self, start: int, end: int, devices: Iterable[str] | None = None, limit: int = 30
    ) -> list[Activity]:
        """Return the newest ``limit`` activity entries from ``start`` to ``end`` (epoch ms), newest first.

        ``devices`` are the ids of the devices whose entries are returned; None returns all entries. Only the newest
        10,000 entries of the whole log are searched.
        """
        ids = None if devices is None else set(devices)
        found, _ = await self.search_activity(start, end, lambda row: ids is None or row.device in ids, limit)
        return found

    async def search_activity(
        self, start: int, end: int, wanted: Callable[[Activity], bool], limit: int
    ) -> tuple[list[Activity], int]:
        """Return the newest ``limit`` entries from ``start`` to ``end`` that ``wanted`` accepts, newest first.

        Also return the time (epoch ms) since which no such entry is missing in the result. It is later than ``start``
        if there are more than ``limit`` such entries, or more than 10,000 entries of all kinds since ``start``.
        """
        found: list[Activity] = []
        before: int | None = None
        reached = start
        for _ in range(_PAGES):
            page = await self.store.activity(limit=_PAGE, before=before)
            found += [row for _, row in page if start <= row.ts <= end and wanted(row)]
            if len(found) > limit:
                return found[:limit], found[limit - 1].ts
            if len(page) < _PAGE or page[-1][1].ts < start:
                return found, start
            before, reached = page[-1][0], page[-1][1].ts
        return found, reached

    async def comparison(self, device: Device, hours: float) -> list[Comparison]:
        """Compare each numeric metric of a device with devices of the same model that report it in the same unit.

        The values are means over the last ``hours``; the most unusual metric is the first.
        """
        others = (d for d in self.registry.devices() if d.id != device.id and d.info.model == device.info.model)
        peers = list(others)[:_MAX_PEERS] if device.info.model else []
        metrics = [m for m, latest in sorted(device.metrics.items()) if type(latest.value) is float][:16]
        end = self.now()
        start = end - round(hours * 3_600_000)
        queries = [
            SeriesQuery(d.id, m, start, end, buckets=1)
            for m in metrics
            for d in (device, *peers)
            if d.unit(m) == device.unit(m)
        ]
        series = await self.store.history(queries)
        compared = []
        for metric in metrics:
            means = {s.device: mean for s in series if s.metric == metric and (mean := _mean(s)) is not None}
            own = means.pop(device.id, None)
            if own is not None and means:
                compared.append(_compared(metric, device.unit(metric), own, list(means.values())))
        return sorted(compared, key=lambda c: -abs(c.deviations))

    def open_alerts(self, devices: Iterable[str] | None = None) -> list[Alert]:
        """Return the open alerts of these devices (None: all), most severe first, then newest."""
        wanted = None if devices is None else set(devices)
        chosen = [a for a in self.engine.open.values() if wanted is None or a.device in wanted]
        return sorted(chosen, key=lambda a: (-SEVERITIES.index(a.severity), -a.raised_at))

    async def explained(self, alerts: list[Alert]) -> list[AlertView]:
        """Return views of the alerts, each with its diagnosis if there is one."""
        known = await self.diagnoses(alerts)
        return [self.alert_view(alert, known.get(alert.id)) for alert in alerts]

    async def diagnoses(self, alerts: list[Alert]) -> dict[str, Diagnosis]:
        """Return by alert id the diagnosis that explains the alert: its own, or that of another alert in its incident.

        Alerts without a diagnosis are left out.
        """
        explaining = {alert.id: (alert.id, *self.engine.explaining(alert)) for alert in alerts}
        wanted = list({each for ids in explaining.values() for each in ids})
        known = await self.store.diagnoses(wanted) if wanted else {}
        return {alert: known[each] for alert, ids in explaining.items() for each in reversed(ids) if each in known}

    def alert_view(self, alert: Alert, diagnosis: Diagnosis | None = None) -> AlertView:
        device = self.registry.get(alert.device)
        other = self.registry.get(diagnosis.device) if diagnosis and diagnosis.device != alert.device else None
        return AlertView.of(
            alert, device.display_name if device else alert.device, diagnosis, other.display_name if other else None
        )

    def view(self, device: Device) -> DeviceView:
        severity = self.engine.severity(device.id)
        return DeviceView(
            device.id, device.display_name, device.display_area, device.info.model, device.presence, severity
        )

    def limits(self, device: Device) -> dict[str, Limit]:
        """Return the limits by metric: the bounds of the rules on the metric, or the device's own limits."""
        return self.engine.limits(device)


def _compared(metric: str, unit: str | None, own: float, others: list[float]) -> Comparison:
    values = np.array(others)
    middle = float(np.median(values))
    width = max(spread(values), float(np.ptp(values)) / 4, 0.01 * abs(middle), 1e-9)
    away = round(float(np.clip((own - middle) / width, -99, 99)), 1)
    return Comparison(metric, unit, own, middle, float(values.min()), float(values.max()), len(others), away)


def _mean(series: Series) -> float | None:
    points = [p for p in series.points if len(p) == 5]
    return float(points[-1][2]) if points else None
