"""Objects of backtests that the API returns. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Literal

from hub import backtest
from hub.api.schemas.api_object import ApiObject
from hub.model import Severity, Value
from hub.services import backtests, limit_suggestions


class FiringStep(ApiObject):
    """A severity that the alert had from `at` on, and the value that led to it."""

    at: int
    severity: Severity
    value: Value | None


class FiringShape(ApiObject):
    """An alert that the rule would have raised. `end` is null if it would still have been open at the end.

    `start` and `end` are when its condition began and ended, `raised_at` is when the hub would have raised it.
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
    """What a rule would have raised.

    - `firings`: the newest 500, oldest first
    - `different`: how many of all firings overlap with none of the other rule's
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
    """What a draft of a rule would have raised, and what the rule that it replaces would have.

    - `data_from`: the time of the first reading that was used; null if there was none
    - `devices`, `tested`: devices in scope, and those whose readings were replayed
    - `left_out`: at most 100 of the devices that were not tested
    - `series`: device and metric of at most 100 series that were tested, most firings first
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
    """A limit with its clear threshold, and what a rule with them would have raised in the period."""

    sensitivity: Literal["high", "medium", "low"]
    limit: float
    clear: float
    count: int
    longest_ms: int


class SuggestedLimits(ApiObject):
    """Limits from the most to the least sensitive one, and how many devices of the rule and peers they come from."""

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
