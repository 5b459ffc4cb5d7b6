"""The read-only interface of the rule engine; :mod:`hub.services.visible` limits it to what a person may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hub.model import Alert, Device, Limit, Rule, Severity


class AlertReader(Protocol):
    """Reads open alerts, and the rules of a device, as :class:`hub.rules.Engine` does."""

    @property
    def open(self) -> Mapping[str, Alert]:
        """The open alerts by id."""
        ...

    def together(self, alert: Alert) -> list[Alert]:
        """Return the other open alerts of the alert's incident."""
        ...

    def explaining(self, alert: Alert) -> tuple[str, ...]:
        """Return the ids of the alerts whose diagnoses explain an alert, the best diagnosis first."""
        ...

    @property
    def rules(self) -> list[Rule]:
        """All rules of the hub."""
        ...

    @property
    def rule_names(self) -> Mapping[str, str]:
        """The names of all rules by id."""
        ...

    def severity(self, device_id: str) -> Severity:
        """Return the highest severity among the device's open alerts."""
        ...

    def rules_for(self, device: Device) -> list[Rule]:
        """Return the rules that watch this device, as they are written in ``rules.toml``.

        So the metric of a rule may be a pattern such as ``temp*``.
        """
        ...

    def rules_on(self, device: Device) -> list[Rule]:
        """Return the rules on each metric of this device. ``rule.metric`` is the name of a metric, not a pattern."""
        ...

    def limits(self, device: Device) -> dict[str, Limit]:
        """Return the limits of the device's metrics, by metric."""
        ...
