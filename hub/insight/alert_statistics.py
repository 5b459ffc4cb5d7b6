"""Metrics of alarm system performance for one operator, as defined by ISA-18.2 (IEC 62682).

Late, silenced and suppressed alerts are not counted, because nobody was notified of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from hub.model import Alert, Severity

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
PERIOD_MS = 10 * MINUTE_MS
FLOOD = 10
"""A flood begins with more alerts than this in 10 minutes, and ends with fewer than :data:`FLOOD_ENDS`."""
FLOOD_ENDS = 5
CHATTERING = 3
"""A condition chatters if it raises this many alerts within a minute."""
FLEETING_MS = 60_000
"""An alert that clears within this time, before anybody acknowledges it, is fleeting."""
STALE_MS = DAY_MS
TOP = 10


class AlertSource(msgspec.Struct, frozen=True):
    """One condition (a rule on a metric of a device), and the number of alerts that it raised."""

    rule: str
    device: str
    metric: str | None
    count: int


class HealthFigure(msgspec.Struct, frozen=True):
    """The value of a performance metric, and the highest value that ISA-18.2 accepts for it (``target``)."""

    value: float
    target: float

    @property
    def met(self) -> bool:
        """Return whether the value does not exceed the target."""
        return self.value <= self.target


class AlertStatistics(msgspec.Struct, frozen=True):
    """Performance metrics of the alert system in a period. Fractions are from 0 to 1.

    Attributes:
        count: the number of alerts with a notification.
        hidden: the number of alerts without a notification. No other attribute includes them.
        per_hour: the average number of alerts per hour.
        most_in_10_minutes: the highest number of alerts in 10 minutes.
        hours_over_30: the fraction of hours with more than 30 alerts.
        in_flood: the fraction of 10-minute periods in a flood.
        floods: the number of floods.
        from_top: the fraction of alerts from the ten most frequent conditions.
        stale: the number of alerts that had been open for more than a day at the end of the period.
        top: the most frequent conditions.
        chattering: conditions with three or more alerts within a minute.
        fleeting: conditions with alerts that cleared within a minute, before anybody acknowledged them.
        severities: the number of alerts by severity.
        acknowledged: the fraction of alerts that somebody acknowledged.
        median_to_acknowledge_ms: the median time to acknowledge; None if no alert was acknowledged.
        slow_to_acknowledge_ms: the 90th percentile of the time to acknowledge; None if no alert was acknowledged.
    """

    count: int
    hidden: int
    per_hour: HealthFigure
    most_in_10_minutes: HealthFigure
    hours_over_30: HealthFigure
    in_flood: HealthFigure
    from_top: HealthFigure
    stale: HealthFigure
    floods: int
    top: list[AlertSource]
    chattering: list[AlertSource]
    fleeting: list[AlertSource]
    severities: dict[Severity, int]
    acknowledged: float
    median_to_acknowledge_ms: int | None
    slow_to_acknowledge_ms: int | None


def is_notified(alert: Alert) -> bool:
    """Return whether people were notified of the alert."""
    return not (alert.late or alert.silenced_by or alert.suppressed_by)


def is_fleeting(alert: Alert) -> bool:
    """Return whether the alert cleared within a minute and nobody had acknowledged it."""
    cleared = alert.cleared_at
    return cleared is not None and alert.acknowledged_at is None and cleared - alert.raised_at < FLEETING_MS


def alert_statistics(alerts: Iterable[Alert], start: int, end: int) -> AlertStatistics:
    """Return the statistics of the alerts raised from ``start`` up to, but not including, ``end`` (epoch ms).

    ``alerts`` may also contain alerts that were raised before ``start``. Of these, only the open ones matter: they can
    count as stale.
    """
    alerts = list(alerts)
    inside = [each for each in alerts if start <= each.raised_at < end]
    told = sorted((each for each in inside if is_notified(each)), key=lambda each: each.raised_at)
    times = np.array([each.raised_at for each in told], np.int64)
    tens = np.histogram(times, max(1, round((end - start) / PERIOD_MS)), (start, end))[0]
    hours = np.histogram(times, max(1, round((end - start) / HOUR_MS)), (start, end))[0]
    flooded, floods = _floods(tens.tolist())
    by_source = _by_source(told)
    top = _sources(by_source)[:TOP]
    waits = sorted(each.acknowledged_at - each.raised_at for each in told if each.acknowledged_at is not None)
    stale = sum(each.open and is_notified(each) and end - each.raised_at > STALE_MS for each in alerts)
    # With few sources, the ten most frequent ones always account for most alerts, so the fraction is meaningless.
    from_top = sum(each.count for each in top) / len(told) if len(by_source) > 2 * TOP else 0.0
    return AlertStatistics(
        count=len(told),
        hidden=len(inside) - len(told),
        per_hour=HealthFigure(len(told) * HOUR_MS / max(end - start, 1), 6),
        most_in_10_minutes=HealthFigure(float(tens.max()), 10),
        hours_over_30=HealthFigure(float((hours > 30).mean()), 0.01),
        in_flood=HealthFigure(flooded / len(tens), 0.01),
        from_top=HealthFigure(from_top, 0.05),
        stale=HealthFigure(stale, 5),
        floods=floods,
        top=top,
        chattering=_sources({key: own for key, own in by_source.items() if is_chattering(own)}),
        fleeting=_sources(
            {key: fleeting for key, own in by_source.items() if (fleeting := list(filter(is_fleeting, own)))}
        ),
        severities=dict(Counter(each.severity for each in told)),
        acknowledged=len(waits) / len(told) if told else 0.0,
        median_to_acknowledge_ms=waits[len(waits) // 2] if waits else None,
        slow_to_acknowledge_ms=waits[min(len(waits) - 1, len(waits) * 9 // 10)] if waits else None,
    )


def is_chattering(alerts: Sequence[Alert]) -> bool:
    """Return whether any three of these alerts were raised within a minute.

    The alerts belong to one condition and are in the order in which they were raised.
    """
    times = [each.raised_at for each in alerts]
    return any(last - first <= MINUTE_MS for first, last in zip(times, times[CHATTERING - 1 :], strict=False))


def _floods(counts: Sequence[int]) -> tuple[int, int]:
    """Return the number of 10-minute periods in a flood, and the number of floods.

    ``counts`` are the numbers of alerts in successive 10-minute periods.
    """
    flooded = floods = 0
    within = False
    for count in counts:
        begins = not within and count > FLOOD
        within = begins or (within and count >= FLOOD_ENDS)
        flooded, floods = flooded + within, floods + begins
    return flooded, floods


def _by_source(alerts: Iterable[Alert]) -> dict[tuple[str, str, str | None], list[Alert]]:
    found: dict[tuple[str, str, str | None], list[Alert]] = defaultdict(list)
    for each in alerts:
        found[each.rule, each.device, each.metric].append(each)
    return found


def _sources(found: Mapping[tuple[str, str, str | None], Sequence[Alert]]) -> list[AlertSource]:
    """Return the conditions with the number of alerts of each, highest first. ``found`` has their alerts."""
    return sorted((AlertSource(*key, len(own)) for key, own in found.items()), key=lambda each: -each.count)
