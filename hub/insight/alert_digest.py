"""Digest of a week of alerts: which rules raised alerts, which rules were noisy, and which metrics drift to a limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from hub import text_format as fmt
from hub.insight.alert_statistics import is_chattering, is_fleeting, is_notified
from hub.insight.series import MetricSeries
from hub.model import Alert, Limit, Rule

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MIN_NOISE = 3
"""A rule with fewer alerts than this gets no advice."""
SOON_DAYS = 14
"""A drifting metric is reported only if it will reach its limit within this many days."""
_MIN_HOURS = 48
_STEADY = 0.8
"""A metric drifts only if a straight line explains at least this fraction of the variance of its daily means."""

Problem = Literal["fleeting", "chattering", "unacknowledged", "stale"]


class RuleWeek(msgspec.Struct, frozen=True):
    """Statistics of the alerts that one rule raised in the week.

    Attributes:
        count: number of alerts.
        devices: number of devices with an alert.
        open_ms: how long the alerts were open, in total.
        acknowledged: number of alerts that somebody acknowledged.
    """

    rule: str
    name: str
    count: int
    devices: int
    open_ms: int
    acknowledged: int


class RuleAdvice(msgspec.Struct, frozen=True):
    """Why a rule made noise, and what to change.

    ``text`` is the advice as a sentence. ``for_ms`` is a value for the rule's ``for`` setting with which most of the
    fleeting alerts would not have been raised; None for other problems.
    """

    rule: str
    name: str
    problem: Problem
    count: int
    text: str
    for_ms: int | None = None


class Drift(msgspec.Struct, frozen=True):
    """A metric that steadily moves towards a limit.

    ``per_day`` is its change per day, in its unit. At this rate it reaches ``limit`` in ``days`` days.
    """

    device: str
    metric: str
    unit: str | None
    value: float
    limit: float
    per_day: float
    days: float


def rule_weeks(alerts: Iterable[Alert], rules: Mapping[str, Rule], end: int) -> list[RuleWeek]:
    """Return statistics for each rule that raised alerts, most alerts first. Alerts without a notification are ignored.

    ``end`` is the end of the week in epoch ms. The time that an open alert has been open is counted up to it.
    """
    return sorted(
        (
            RuleWeek(
                rule=rule,
                name=_name(rules, rule),
                count=len(own),
                devices=len({each.device for each in own}),
                open_ms=sum((end if each.cleared_at is None else each.cleared_at) - each.raised_at for each in own),
                acknowledged=sum(each.acknowledged_at is not None for each in own),
            )
            for rule, own in _by_rule(alerts).items()
        ),
        key=lambda week: -week.count,
    )


def rule_advice(alerts: Iterable[Alert], rules: Mapping[str, Rule], end: int) -> list[RuleAdvice]:
    """Return advice for each rule whose alerts were mostly noise, most alerts first. Deleted rules are left out."""
    found = [
        advice
        for rule_id, own in _by_rule(alerts).items()
        if (rule := rules.get(rule_id)) is not None and (advice := _advice(rule, own, end)) is not None
    ]
    return sorted(found, key=lambda advice: -advice.count)


def _advice(rule: Rule, own: Sequence[Alert], end: int) -> RuleAdvice | None:
    fleeting = [each for each in own if is_fleeting(each)]
    if len(fleeting) >= MIN_NOISE and 2 * len(fleeting) > len(own):
        lasted = sorted((each.cleared_at or end) - each.since for each in fleeting)
        for_ms = _round_up(lasted[len(lasted) * 9 // 10])
        avoided = sum(each.cleared_at is not None and each.cleared_at - each.since < for_ms for each in own)
        text = (
            f"{len(fleeting)} of {len(own)} alerts cleared within a minute, unacknowledged. "
            f'for = "{_toml(for_ms)}" would have avoided {avoided} of them.'
        )
        return RuleAdvice(rule.id, rule.name, "fleeting", len(own), text, for_ms)
    conditions: dict[tuple[str, str | None], list[Alert]] = defaultdict(list)
    for each in sorted(own, key=lambda alert: alert.raised_at):
        conditions[each.device, each.metric].append(each)
    chattering = sum(map(is_chattering, conditions.values()))
    if chattering:
        text = (
            f"The value crosses the limit again and again on {_devices(chattering)}. "
            "Set clear further from the limit, or clear_for."
        )
        return RuleAdvice(rule.id, rule.name, "chattering", len(own), text)
    stale = sum(each.open and end - each.raised_at > DAY_MS for each in own)
    if stale:
        text = (
            f"{_alerts(stale)} open for more than a day. "
            "Mend the cause, or change a limit that describes the usual state."
        )
        return RuleAdvice(rule.id, rule.name, "stale", len(own), text)
    if len(own) >= 3 * MIN_NOISE and not any(each.acknowledged_at or each.confirmed or each.assignee for each in own):
        text = f"Nobody has acknowledged any of {len(own)} alerts. A lower severity or a wider limit may do."
        return RuleAdvice(rule.id, rule.name, "unacknowledged", len(own), text)
    return None


def drift(device: str, track: MetricSeries, limit: Limit) -> Drift | None:
    """Return how fast a metric drifts towards its limit. ``track`` has the hourly means of a week.

    Return None if there is no steady trend towards a limit, or if the limit is more than :data:`SOON_DAYS` away.
    """
    if track.kind != "number" or len(track) < _MIN_HOURS:
        return None
    days = (track.times - track.times[0]) / 86_400.0
    values = track.values
    # Means over whole days, so that a daily cycle is not mistaken for a trend.
    which = np.floor(days - days[-1] - 1e-9).astype(int)
    parts = [values[which == day].mean() for day in np.unique(which)]
    if len(parts) < 3:
        return None
    slope, level = np.polyfit(np.arange(len(parts)), parts, 1)
    spread = float(np.var(parts))
    explained = 1 - float(np.var(parts - (slope * np.arange(len(parts)) + level))) / spread if spread else 0.0
    if explained < _STEADY:
        return None
    now = float(parts[-1])
    bound = limit.max if slope > 0 else limit.min
    if bound is None or (bound - now) * slope <= 0:
        return None
    left = float((bound - now) / slope)
    return Drift(device, track.metric, track.unit, now, bound, float(slope), left) if left <= SOON_DAYS else None


def _by_rule(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = defaultdict(list)
    for each in alerts:
        if is_notified(each):
            found[each.rule].append(each)
    return found


def _name(rules: Mapping[str, Rule], rule_id: str) -> str:
    return rules[rule_id].name if rule_id in rules else rule_id


def _round_up(ms: int) -> int:
    """Return the next longer round duration in ms, such as 30 s or 5 min; at most one hour."""
    steps = (5_000, 10_000, 15_000, 30_000, 60_000, 90_000, 120_000, 300_000, 600_000, 1_800_000)
    return next((step for step in steps if step > ms), HOUR_MS)


def _toml(ms: int) -> str:
    return f"{ms // 60_000}m" if ms % 60_000 == 0 else f"{ms // 1_000}s"


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{fmt.number(count, None)} devices"


def _alerts(count: int) -> str:
    return "1 alert is" if count == 1 else f"{count} alerts are"
