"""Notification routes: which alerts are sent to which people and channels, when and how often."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from hub.accounts.account import ROLES, Role
from hub.model import Alert, Device, Scope, Severity, WeeklyWindow
from hub.notifications.templates import MessageTemplate
from hub.rules.weekly_windows import within

GroupBy = Literal["incident", "alert", "device", "area", "rule", "all"]
ALL_CHANNELS = "*"
"""Entry in the channels of a step that stands for all shared channels."""
Selects = Callable[[Scope, Device], bool]


class RouteStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receivers to notify ``after_s`` seconds after the first message, if an alert is still not acknowledged.

    ``channels`` are channel ids, ``people`` are account ids, ``roles`` are the roles of people. A person is notified at
    all of their own addresses.
    """

    after_s: int = 0
    channels: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()


class NotificationRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route selects alerts, and names the receivers and times of the messages about them.

    An alert has to match every list that is not empty.

    Attributes:
        name: The name that people see.
        scope: Selects devices in the same way as the scope of a rule.
        rules: Ids of rules, or shell patterns such as ``pump-*``.
        severities: Severities of alerts.
        hours: Weekly hours in which the route is used; empty: always.
        steps: The receivers to notify, in order of time. Without steps, nobody is notified of these alerts.
        group_by: Alerts with equal values of these fields share one message.
        group_wait_s: How long the first message of a group waits for further alerts.
        diagnosis_wait_s: How long the first message at most waits for a diagnosis, from the first alert of the group.
        group_interval_s: Minimum time between messages if further alerts join the group.
        repeat_s: Interval at which messages are repeated while an alert is open and not acknowledged; 0: never.
        template: The template of messages over channels without a template.
    """

    name: str
    scope: Scope = Scope()
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    hours: tuple[WeeklyWindow, ...] = ()
    steps: tuple[RouteStep, ...] = ()
    group_by: GroupBy = "incident"
    group_wait_s: int = 5
    diagnosis_wait_s: int = 30
    group_interval_s: int = 300
    repeat_s: int = 14_400
    template: MessageTemplate = MessageTemplate()

    def matches(self, alert: Alert, device: Device, selects: Selects) -> bool:
        """Return whether the route selects this alert, ignoring its hours."""
        return (
            (not self.severities or alert.severity in self.severities)
            and (not self.rules or any(fnmatchcase(alert.rule, pattern) for pattern in self.rules))
            and selects(self.scope, device)
        )

    def applies(self, now: int) -> bool:
        """Return whether the route is used at the time ``now`` (epoch ms), according to its hours."""
        return within(self.hours, now)

    def group_key(self, alert: Alert, device: Device) -> str:
        """Return the key of the alert's group: alerts with the same key share messages."""
        match self.group_by:
            case "device":
                return f"device:{alert.device}"
            case "area":
                return f"area:{device.area_id or ''}"
            case "rule":
                return f"rule:{alert.rule}"
            case "all":
                return f"route:{self.name}"
            case "incident" if alert.incident is not None:
                return f"incident:{alert.incident}"
            case _:
                return f"alert:{alert.id}"


DEFAULT_ROUTE = NotificationRoute(
    name="Warnings and critical alerts",
    severities=("warning", "critical"),
    steps=(RouteStep(channels=(ALL_CHANNELS,), roles=ROLES),),
)
"""The only route of a new hub: it sends to every shared channel, and to everybody who has chosen a channel."""
