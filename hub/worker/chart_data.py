"""What the job ``chart`` draws."""

from __future__ import annotations

import msgspec


class ChartData(msgspec.Struct, frozen=True):
    """The readings of a metric around an alert. Times are epoch ms.

    Attributes:
        title: The name of the metric for people.
        unit: Its unit.
        points: Time and value, oldest first.
        gaps: Ranges without readings, in which no line is drawn.
        start: The left end of the chart.
        end: The right end.
        since: When the condition of the alert began.
        ended_at: When it ended; None while it lasts.
        limit: Of the rule, if it has one.
        zone: Of the times; None: that of the machine.
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
