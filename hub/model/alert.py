"""An alert: a condition that was met on one device, from the record that raised the alert until it is cleared."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.reading import Value

Severity = Literal["ok", "info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("ok", "info", "warning", "critical")
"""The severities, from lowest to highest. ``ok`` is the severity of a device without an open alert."""

AlertState = Literal["raised", "acknowledged", "cleared"]


class ConfirmedCause(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cause of an alert as a person confirmed it, and what fixed it. It overrides the cause in a diagnosis."""

    title: str  # the cause in words
    by: str
    at: int
    cause: str | None = None  # the id of a known cause; None for one in a person's own words
    fix: str | None = None


class Assignee(msgspec.Struct, frozen=True):
    """The account to which an alert is assigned, with the name that it had at that time."""

    id: str
    name: str


class Mute(msgspec.Struct, frozen=True):
    """Mute of an alert: nobody is notified of the alert until ``until``, by the hub's clock.

    ``until`` is None if the mute lasts until the alert is cleared.
    """

    by: str
    at: int
    until: int | None = None


class SilencedBy(msgspec.Struct, frozen=True):
    """A silence that matches an alert at present."""

    id: str
    note: str


class Alert(msgspec.Struct, frozen=True):
    """Alert with its current state.

    ``id`` is derived from rule, device, metric and the record that raised the alert, so a record that is processed
    twice raises one alert. ``since`` and ``ended_at`` are when the condition began and ended by the device's clock.
    ``raised_at``, ``evaluated_from``, ``acknowledged_at``, ``acknowledged_until`` and ``cleared_at`` are by the hub's
    clock. What happened to the alert, with comments, is in its history (:class:`hub.model.AlertEntry`).
    """

    id: str
    rule: str
    device: str
    metric: str | None
    severity: Severity
    state: AlertState
    message: str
    value: Value | None  # the metric's value when the alert was raised or the rule's threshold last changed
    threshold: float | None  # None if the rule does not compare with a single number
    unit: str | None
    since: int
    raised_at: int
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    cleared_at: int | None = None
    ended_at: int | None = None
    withdrawn: bool = False  # cleared because the rule changed or no longer applies, not because the condition ended
    late: bool = (
        False  # found in readings that arrived late: it had ended before the hub raised it, so nobody was notified
    )
    message_key: str | None = None  # the kind of rule: with message_params, ``message`` can be written in any language
    message_params: dict[str, Any] = {}  # unformatted
    confirmed: ConfirmedCause | None = None  # an alert with a confirmed cause is kept longer than the retention time
    acknowledged_until: int | None = (
        None  # when the acknowledgement expires; None: acknowledged until the alert is cleared
    )
    assignee: Assignee | None = None
    muted: Mute | None = None
    closed_by: str | None = None  # cleared by this person, not because the condition ended
    comments: int = 0  # number of comments in the history
    silenced_by: tuple[SilencedBy, ...] = ()
    incident: str | None = None  # id of the incident that it belongs to
    suppressed_by: str | None = None  # the gateway whose outage explains it: nobody is notified of this alert
    flapping: bool = False  # raised and cleared again and again: people are not notified each time
    # When its rule was created or changed, or first found the condition to hold without a new reading; None if neither.
    evaluated_from: int | None = None

    @property
    def open(self) -> bool:
        return self.state != "cleared"
