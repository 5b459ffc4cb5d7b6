"""Objects of reports about alerts. Times are epoch milliseconds; shares are from 0 to 1."""

from __future__ import annotations

from typing import Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import Severity
from hub.services import alert_reports


class FigureShape(ApiObject):
    """A figure, the most that ISA-18.2 allows, and whether that is met."""

    value: float
    target: float
    met: bool


class SourceOfAlerts(ApiObject):
    """A rule on a metric of a device, and how many alerts it raised."""

    rule_id: str
    rule_name: str
    device_id: str
    metric: str | None
    count: int


class AlertHealthShape(ApiObject):
    """Health of the alert system after ISA-18.2.

    - `hidden`: late, silenced and suppressed alerts, which do not count
    - `from_top`: the share of the ten most frequent sources; 0 if there are not more than 20 sources
    - `stale`: alerts that are open for more than a day
    - `chattering`: sources with three alerts within a minute; `fleeting`: with alerts that cleared within a minute
    - `complete`: false if there are more than 20,000 alerts, of which the newest count
    """

    start: int
    end: int
    complete: bool
    count: int
    hidden: int
    per_hour: FigureShape
    most_in_10_minutes: FigureShape
    hours_over_30: FigureShape
    in_flood: FigureShape
    from_top: FigureShape
    stale: FigureShape
    floods: int
    top: list[SourceOfAlerts]
    chattering: list[SourceOfAlerts]
    fleeting: list[SourceOfAlerts]
    severities: dict[Severity, int]
    acknowledged: float
    median_to_acknowledge_ms: int | None
    slow_to_acknowledge_ms: int | None


class RuleWeekShape(ApiObject, rename={"rule": "rule_id"}):
    rule: str
    name: str
    count: int
    devices: int
    open_ms: int
    acknowledged: int


class RuleAdviceShape(ApiObject, rename={"rule": "rule_id"}):
    """Why a rule made noise and what to change, as a sentence. `for_ms` is a `for` that would have helped."""

    rule: str
    name: str
    problem: Literal["fleeting", "chattering", "unacknowledged", "stale"]
    count: int
    text: str
    for_ms: int | None


class DriftShape(ApiObject, rename={"device": "device_id"}):
    """A metric that moves towards a limit by `per_day` and reaches it in `days` if that continues."""

    device: str
    metric: str
    unit: str | None
    value: float
    limit: float
    per_day: float
    days: float


class AlertDigestShape(ApiObject):
    """Digest of a week. `before` is the number of alerts in the week before."""

    start: int
    end: int
    count: int
    before: int
    rules: list[RuleWeekShape]
    advice: list[RuleAdviceShape]
    drifts: list[DriftShape]


_FIGURES = ("per_hour", "most_in_10_minutes", "hours_over_30", "in_flood", "from_top", "stale")
_SOURCES = ("top", "chattering", "fleeting")
MAX_SOURCES = 20


def health(found: alert_reports.AlertHealth) -> AlertHealthShape:
    statistics = found.statistics
    figures = {name: FigureShape.of(getattr(statistics, name)) for name in _FIGURES}
    sources = {
        name: [
            SourceOfAlerts(each.rule, found.rule_names.get(each.rule, each.rule), each.device, each.metric, each.count)
            for each in getattr(statistics, name)[:MAX_SOURCES]
        ]
        for name in _SOURCES
    }
    span = {"start": found.start, "end": found.end, "complete": found.complete}
    return AlertHealthShape.of(statistics, **span, **figures, **sources)


def digest(found: alert_reports.AlertDigest) -> AlertDigestShape:
    return AlertDigestShape.of(
        found,
        rules=[RuleWeekShape.of(each) for each in found.rules],
        advice=[RuleAdviceShape.of(each) for each in found.advice],
        drifts=[DriftShape.of(each) for each in found.drifts],
    )
