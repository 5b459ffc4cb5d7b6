"""Objects of backtests that the API returns. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Literal

from hub import backtest
from hub.api.schemas.api_object import ApiObject
from hub.model import Severity, Value
from hub.services import backtests, limit_suggestions


class FiringStep(ApiObject):
    """A change of an alert's severity: the severity from the time `at` on, and the value that led to it."""

    at: int
    severity: Severity
    value: Value | None


class FiringShape(ApiObject):
    """An alert that the tested rule would have raised.

    `start` and `end` are the times at which the condition began and ended. `end` is null if the alert would still have
    been open at the end of the period. `raised_at` is the time at which the hub would have raised the alert.
    """

    device_id: str
    metric: str | None
    start: int
    raised_at: int
    end: int | None
    message: str
    unit: str | None
    steps: list[FiringStep]


class OutcomeShape(ApiObject):
    """The alerts that one rule would have raised: the draft, or the rule that the draft replaces.

    - `firings`: the newest 500 of these alerts, oldest first
    - `different`: during how many of these alerts the other of the two rules would have had no alert on the same metric
    """

    count: int
    devices: int
    longest_ms: int
    total_ms: int
    different: int
    firings: list[FiringShape]


class LeftOutShape(ApiObject):
    device_id: str
    reason: Literal["no_readings", "too_many_readings", "too_many_devices"]


class BacktestShape(ApiObject):
    """The alerts that a draft of a rule would have raised (`rule`), and those of the rule that it replaces (`old`).

    - `data_from`: the time of the first reading that was used; null if there was none
    - `devices`: the number of devices in the scope of the draft
    - `tested`: the number of these devices whose readings were replayed
    - `left_out`: at most 100 of the devices that were not tested
    - `series`: at most 100 tested pairs of device and metric, those with most alerts first
    """

    start: int
    end: int
    data_from: int | None
    devices: int
    tested: int
    readings: int
    left_out: list[LeftOutShape]
    series: list[tuple[str, str]]
    rule: OutcomeShape
    old: OutcomeShape | None


class SuggestedLimit(ApiObject):
    """A limit and its clear threshold, and how often a rule with both would have raised an alert in the period."""

    sensitivity: Literal["high", "medium", "low"]
    limit: float
    clear: float
    count: int
    longest_ms: int


class SuggestedLimits(ApiObject):
    """Suggested limits, the most sensitive first.

    The limits were computed from the values of the rule's devices (their number is `devices`) and of other devices of
    the same models (`peers`).
    """

    devices: int
    peers: int
    items: list[SuggestedLimit]


MAX_LEFT_OUT = 100


def shape(found: backtests.Backtest) -> BacktestShape:
    left_out = [LeftOutShape(each.device, each.reason) for each in found.left_out[:MAX_LEFT_OUT]]
    old = None if found.old is None else _outcome(found.old)
    return BacktestShape.of(found, left_out=left_out, rule=_outcome(found.rule), old=old)


def _outcome(found: backtest.RuleOutcome) -> OutcomeShape:
    return OutcomeShape.of(found, firings=[_firing(each) for each in found.firings])


def _firing(found: backtest.Firing) -> FiringShape:
    return FiringShape.of(found, device_id=found.device, steps=[FiringStep.of(step) for step in found.steps])


def suggested(found: limit_suggestions.LimitSuggestions) -> SuggestedLimits:
    items = [
        SuggestedLimit.of(each.suggestion, count=each.outcome.count, longest_ms=each.outcome.longest_ms)
        for each in found.items
    ]
    return SuggestedLimits(found.devices, found.peers, items)
