"""Collect the alerts that a rule would have raised from the events of the rule engine."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hub.events import AlertChanged, AlertCleared, AlertRaised, Event
from hub.model import Alert, Severity, Value


class SeverityStep(msgspec.Struct, frozen=True):
    """The severity of an alert from ``at`` (epoch ms) on, and the value that caused it."""

    at: int
    severity: Severity
    value: Value | None


class Firing(msgspec.Struct):
    """One alert that the rule would have raised. Times are in epoch ms.

    ``start`` is when the condition began to hold, ``raised_at`` when the alert was raised, and ``end`` when it cleared;
    None if it was still open at the end of the replay.
    """

    device: str
    metric: str | None
    start: int
    raised_at: int
    end: int | None
    message: str
    unit: str | None
    steps: list[SeverityStep]

    def duration(self, until: int) -> int:
        """Return how long the condition held, in ms.

        ``until`` is the end of the period, for an alert that is still open.
        """
        return (until if self.end is None else self.end) - self.start


class Firings:
    """Collects the alerts of a backtest (firings) from the rule engine's events.

    ``all`` has the firings in the order in which they were raised.
    """

    def __init__(self) -> None:
        self.all: list[Firing] = []
        self._open: dict[str, Firing] = {}

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, AlertRaised):
                self._open[event.alert.id] = firing = _firing(event.alert)
                self.all.append(firing)
            elif isinstance(event, AlertChanged):
                alert = event.alert
                self._open[alert.id].steps.append(SeverityStep(event.at, alert.severity, alert.value))
            elif isinstance(event, AlertCleared):
                found = self._open.pop(event.alert.id, None)
                if found is not None:
                    found.end = event.alert.ended_at if event.alert.ended_at is not None else event.at


def _firing(alert: Alert) -> Firing:
    first = SeverityStep(alert.since, alert.severity, alert.value)
    return Firing(
        alert.device, alert.metric, alert.since, alert.raised_at, None, alert.message, alert.unit, steps=[first]
    )
