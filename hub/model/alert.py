"""An alert: one condition that held on one device, from its opening record to its end."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.reading import Value

Severity = Literal["ok", "info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("ok", "info", "warning", "critical")
"""In rising order; ``ok`` is what a device without an open alert is."""

AlertState = Literal["raised", "acknowledged", "cleared"]


class Alert(msgspec.Struct, frozen=True):
    """``id`` is made from rule, device, metric and opening record, so one condition never raises twice.

    ``value`` is the metric's value when it was raised (or when the rule's limit last changed), ``threshold`` the limit
    it broke (None where the rule has no such number). ``since`` is when the condition began and ``ended_at`` when it
    ended, in the device's time; ``raised_at``, ``acknowledged_at`` and ``cleared_at`` are the hub's time.
    ``withdrawn`` says that it was not the condition that ended: the rule was changed or no longer applies.
    ``late`` says that all of it arrived late: it was over before the hub knew, and nobody was alerted.
    ``message_params`` hold what ``message`` says, unformatted, and ``message_key`` the kind of rule, so that it can be
    written in another language; an alert from before this was stored has none.
    """

    id: str
    rule: str
    device: str
    metric: str | None
    severity: Severity
    state: AlertState
    message: str
    value: Value | None
    threshold: float | None
    unit: str | None
    since: int
    raised_at: int
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    cleared_at: int | None = None
    ended_at: int | None = None
    withdrawn: bool = False
    late: bool = False
    message_key: str | None = None
    message_params: dict[str, Any] = {}

    @property
    def open(self) -> bool:
        return self.state != "cleared"
