"""Compute reports about alerts: statistics of a period, and the digest of a week."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from hub.insight.alert_digest import Drift, RuleAdvice, RuleWeek, drift, rule_advice, rule_weeks
from hub.insight.alert_statistics import DAY_MS, HOUR_MS, AlertStatistics, alert_statistics, is_notified
from hub.insight.series import MetricSeries
from hub.model import Alert, Limit, Rule, SeriesQuery
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.store.reader import HistoryReader

WEEK_MS = 7 * DAY_MS
PAGE = 500
MAX_ALERTS = 20_000
"""Maximum alerts that are read for a report. If there are more, the newest are read."""
MAX_SERIES = 400
"""Maximum metrics for which a report forecasts when they will reach a limit."""
MAX_DRIFTS = 10


class AlertHealth(msgspec.Struct, frozen=True):
    """Statistics of the alerts from ``start`` to ``end`` (epoch ms).

    ``complete`` is False if the period has more alerts than were read. ``rule_names`` has the names of the rules by id.
    """

    start: int
    end: int
    complete: bool
    statistics: AlertStatistics
    rule_names: Mapping[str, str]


class AlertDigest(msgspec.Struct, frozen=True):
    """Digest of the week from ``start`` to ``end`` (epoch ms).

    ``count`` is the number of alerts that people were notified of in this week, ``before`` in the week before.
    """

    start: int
    end: int
    count: int
    before: int
    rules: list[RuleWeek]
    advice: list[RuleAdvice]
    drifts: list[Drift]


class AlertReports:
    """Computes reports on the alerts and devices that the current request may see."""

    def __init__(
        self, *, registry: DeviceReader, engine: AlertReader, store: HistoryReader, now: Callable[[], int]
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._store = store
        self._now = now

    @property
    def rules(self) -> Sequence[Rule]:
        """All rules of the hub."""
        return self._engine.rules

    async def health(self, days: int) -> AlertHealth:
        """Return statistics of the alerts of the last ``days`` days.

        If the hub has no device and no alert that is so old, the period is shorter: it begins when the first device was
        seen or the first alert was raised, whichever was earlier.
        """
        end = self._now()
        start = end - days * DAY_MS
        alerts, complete = await self.since(start)
        known = [each.first_seen for each in self._registry.devices()] + [each.raised_at for each in alerts]
        start = min(max(start, min(known, default=end)), end - HOUR_MS)
        return AlertHealth(start, end, complete, alert_statistics(alerts, start, end), self._engine.rule_names)

    async def digest(self) -> AlertDigest:
        """Return the digest of the last seven days."""
        end = self._now()
        start = end - WEEK_MS
        alerts, _ = await self.since(start - WEEK_MS)
        own = [each for each in alerts if each.raised_at >= start]
        rules = {rule.id: rule for rule in self._engine.rules}
        return AlertDigest(
            start=start,
            end=end,
            count=sum(map(is_notified, own)),
            before=sum(is_notified(each) for each in alerts if start - WEEK_MS <= each.raised_at < start),
            rules=rule_weeks(own, rules, end),
            advice=rule_advice([*own, *self._older(start)], rules, end),
            drifts=await self._drifts(start, end),
        )

    def _older(self, start: int) -> list[Alert]:
        """Return the open alerts that were raised before ``start`` (epoch ms)."""
        return [each for each in self._engine.open.values() if each.raised_at < start]

    async def since(self, start: int) -> tuple[list[Alert], bool]:
        """Return the alerts that are open or were raised since ``start`` (ms), and whether the list is complete."""
        found: dict[str, Alert] = {each.id: each for each in self._engine.open.values()}
        before: tuple[int, str] | None = None
        while len(found) < MAX_ALERTS:
            page = await self._store.alerts(limit=PAGE, before=before)
            found |= {each.id: each for each in page if each.raised_at >= start}
            if len(page) < PAGE or page[-1].raised_at < start:
                return list(found.values()), True
            before = page[-1].raised_at, page[-1].id
        return list(found.values()), False

    async def _drifts(self, start: int, end: int) -> list[Drift]:
        """Return the metrics that are forecast to reach a limit of their rule or device, the most urgent first.

        The trend of a metric is computed from its history between ``start`` and ``end`` (epoch ms).
        """
        watched = dict(self._limited())
        queries = [SeriesQuery(*key, start, end, WEEK_MS // HOUR_MS) for key in watched]
        found = []
        for series in await self._store.history(queries):
            unit, limit = watched[series.device, series.metric]
            track = MetricSeries.of_means(series.metric, unit, ((series.points, HOUR_MS),), end)
            if (drifting := drift(series.device, track, limit)) is not None:
                found.append(drifting)
        return sorted(found, key=lambda each: each.days)[:MAX_DRIFTS]

    def _limited(self) -> Iterator[tuple[tuple[str, str], tuple[str | None, Limit]]]:
        """Yield the numeric metrics that have a limit and no open alert, at most :data:`MAX_SERIES`.

        Each item is ``((device id, metric), (unit, limit))``.
        """
        alerting = {(each.device, each.metric) for each in self._engine.open.values()}
        count = 0
        for device in self._registry.with_latest_values():
            for metric, limit in self._engine.limits(device).items():
                latest = device.metrics.get(metric)
                if latest is None or type(latest.value) is not float or (device.id, metric) in alerting:
                    continue
                yield (device.id, metric), (device.unit(metric), limit)
                count += 1
                if count == MAX_SERIES:
                    return
