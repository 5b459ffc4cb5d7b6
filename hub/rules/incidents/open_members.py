"""The open alerts of an incident, counted as they change."""

from __future__ import annotations

from collections import Counter

from hub.model import SEVERITIES, Alert, Severity


class OpenMembers:
    """Open alerts of one incident by id. A change costs the same with 1 and with 5,000 alerts."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.suppressed = 0
        self._told: Counter[bool] = Counter()  # alerts that are not suppressed, by whether they are acknowledged
        self._severities: Counter[Severity] = Counter()

    def put(self, alert: Alert) -> None:
        """Add an alert, or replace its earlier state."""
        self.remove(alert.id)
        self.alerts[alert.id] = alert
        self._count(alert, 1)

    def remove(self, alert_id: str) -> None:
        if (alert := self.alerts.pop(alert_id, None)) is not None:
            self._count(alert, -1)

    @property
    def acknowledged(self) -> bool:
        """Whether all alerts that are not suppressed are acknowledged; False if there is no such alert."""
        return self._told[True] > 0 and not self._told[False]

    @property
    def severity(self) -> Severity:
        """The highest severity of the alerts; ``ok`` if there is no alert."""
        return max((each for each in SEVERITIES if self._severities[each]), key=SEVERITIES.index, default="ok")

    def _count(self, alert: Alert, step: int) -> None:
        self._severities[alert.severity] += step
        if alert.suppressed_by is not None:
            self.suppressed += step
        else:
            self._told[alert.state == "acknowledged"] += step
