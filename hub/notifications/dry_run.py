"""Show who would be notified of an alert at a given time, without sending anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from hub.model import Alert, Device
from hub.notifications.receivers import AccountDirectory, receivers_of
from hub.notifications.routes import NotificationRoute, RouteStep, Selects
from hub.notifications.settings import NotificationSettings

DryRunProblem = Literal["no_channel", "not_visible"]


class DryRunReceiver(msgspec.Struct, frozen=True):
    """A receiver that one step of a notification route would notify.

    Attributes:
        channel: The id of the channel; None if the person has no channel.
        person: The name of the person; None for a shared channel.
        held_until: When the quiet hours end that delay the message, in epoch ms; None if it is not delayed.
        problem: Why no message would be sent: the person has no channel, or may not see the device. None if a message
            would be sent.
    """

    channel: str | None
    person: str | None
    held_until: int | None = None
    problem: DryRunProblem | None = None


class DryRunStep(msgspec.Struct, frozen=True):
    """A step of the route, the time at which it would be due, and its receivers."""

    at: int
    receivers: tuple[DryRunReceiver, ...]


class DryRun(msgspec.Struct, frozen=True):
    """The receivers that would be notified of an alert. ``route`` is None if no route matches at that time."""

    route: str | None
    group_wait_s: int = 0
    repeat_s: int = 0
    steps: tuple[DryRunStep, ...] = ()


def dry_run(
    alert: Alert,
    device: Device,
    at: int,
    *,
    settings: NotificationSettings,
    directory: AccountDirectory,
    selects: Selects,
) -> DryRun:
    """Return who would be notified of an alert that is raised at the time ``at``."""
    matching = (each for each in settings.routes if each.matches(alert, device, selects) and each.applies(at))
    route = next(matching, None)
    if route is None:
        return DryRun(None)

    def due(step: RouteStep, route: NotificationRoute = route) -> int:
        return at + (route.group_wait_s + step.after_s) * 1_000

    steps = tuple(
        DryRunStep(due(step), tuple(_receivers(step, alert, device, due(step), settings, directory)))
        for step in route.steps
    )
    return DryRun(route.name, route.group_wait_s, route.repeat_s, steps)


def _receivers(
    step: RouteStep, alert: Alert, device: Device, at: int, settings: NotificationSettings, directory: AccountDirectory
) -> Iterator[DryRunReceiver]:
    people, reached = directory.people(), set()
    for target in receivers_of((step,), alert.severity, at, settings, directory):
        account = people.get(target.receiver.person or "")
        if account is not None:
            reached.add(account.id)
        hidden: DryRunProblem | None = None if target.scope.includes(device) else "not_visible"
        yield DryRunReceiver(target.receiver.channel, account.name if account else None, target.held_until, hidden)
    for account in people.values():
        if account.id in step.people and account.id not in reached:
            yield DryRunReceiver(None, account.name, None, "no_channel")
