"""The data of a chart, for the job ``chart``."""

from __future__ import annotations

import msgspec


class ChartData(msgspec.Struct, frozen=True):
    """Readings of a metric around an alert. Times are in epoch ms.

    Attributes:
        title: Display name of the metric.
        unit: Unit of the metric, or None.
        points: Time and value, oldest first.
        gaps: Ranges without readings, in which no line is drawn.
        start: Time at the left end of the chart.
        end: Time at the right end of the chart.
        since: When the condition of the alert began.
        ended_at: When the condition ended; None while it lasts.
        limit: Limit of the rule, if it has one.
        zone: Time zone of the axis; None: the zone of this machine.
    """

    title: str
    unit: str | None
    points: list[tuple[int, float]]
    gaps: list[tuple[int, int]]
    start: int
    end: int
    since: int
    ended_at: int | None
    limit: float | None
    zone: str | None = None
