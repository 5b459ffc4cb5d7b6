"""Reports about alerts. Times are epoch milliseconds; shares are from 0 to 1."""

from __future__ import annotations

from typing import Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import Severity
from hub.services import alert_reports


class FigureShape(ApiObject):
    """A measured `value`, the highest value that ISA-18.2 allows (`target`), and whether `value` stays within it."""

    value: float
    target: float
    met: bool


class SourceOfAlerts(ApiObject):
    """A rule, a device and a metric, and the number of alerts that the rule raised on this metric of this device."""

    rule_id: str
    rule_name: str
    device_id: str
    metric: str | None
    count: int


class AlertHealthShape(ApiObject):
    """Health of the alert system, measured as the standard ISA-18.2 recommends.

    - `hidden`: the number of late, silenced and suppressed alerts; no other figure counts them
    - `from_top`: the share of the alerts that the ten most frequent sources raised; 0 if there are at most 20 sources
    - `stale`: the number of alerts that have been open for more than a day
    - `chattering`: sources that raised three alerts within a minute
    - `fleeting`: sources whose alerts cleared within a minute
    - `complete`: false if the period has more than 20,000 alerts; then only the newest are counted
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
    """A sentence (`text`) that says why a rule raised too many alerts and what to change in the rule.

    `for_ms` is a value for the rule's `for` that would have avoided such alerts; null if none would help.
    """

    rule: str
    name: str
    problem: Literal["fleeting", "chattering", "unacknowledged", "stale"]
    count: int
    text: str
    for_ms: int | None


class DriftShape(ApiObject, rename={"device": "device_id"}):
    """A metric that moves towards a limit. It changes by `per_day` and would reach the limit in `days`."""

    device: str
    metric: str
    unit: str | None
    value: float
    limit: float
    per_day: float
    days: float


class AlertDigestShape(ApiObject):
    """A summary of the alerts of one week. `before` is the number of alerts in the previous week."""

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
