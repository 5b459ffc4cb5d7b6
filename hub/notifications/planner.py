"""Decide when messages about groups of alerts are due, and who gets them.

The planner reads no clock and uses no network; callers pass the time. The lifecycle of a group of alerts is::

    first alert ─▶ wait (group_wait, diagnosis) ─▶ message ─▶ further alerts (group_interval), escalation, repeats
    ─▶ the last alert clears ─▶ "resolved" to everybody who was notified

Alerts are left out of messages while they are acknowledged, muted, silenced or suppressed.

A message about a flapping alert is sent at once, and another one only when its severity rises. The group is kept while
the alert is cleared, so that the alert does not cause a message each time it is raised or cleared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from hub.accounts.scope import EVERYTHING
from hub.model import (
    SEVERITIES,
    Alert,
    Device,
    Message,
    MessageKind,
    NotificationDelivery,
    NotificationGroup,
    NotificationReceiver,
    PendingNotice,
)
from hub.notifications.groups import (
    delivery_key,
    group_key_of,
    is_audible,
    is_higher,
    with_alert,
    with_message,
    without_alert,
)
from hub.notifications.messages import Compose, MessageStyle
from hub.notifications.receivers import AccountDirectory, NotificationTarget, receivers_of
from hub.notifications.routes import NotificationRoute, RouteStep, Selects
from hub.notifications.settings import NotificationSettings
from hub.notifications.templates import MessageTemplate, first_of
from hub.store.notifications import NotificationPlan

RECHECK_MS = 60_000
"""If the routes that match an alert are not used at this hour, the alert is checked again after this time (ms)."""


class NotificationPlanner:
    """The groups of alerts, and when their messages are due. :attr:`plan` has the changes, which the caller stores.

    Attributes:
        plan: The changes since :meth:`take_plan` was last called.
        waits: Returns whether an alert waits for its diagnosis.
        flapping_ms: The flapping of an alert ends when the alert has not recovered for this time.
    """

    def __init__(
        self,
        settings: Callable[[], NotificationSettings],
        directory: AccountDirectory,
        find: Callable[[str], Device | None],
        selects: Selects,
        compose: Compose,
        waits: Callable[[Alert], bool],
        flapping_ms: int,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._find = find
        self._selects = selects
        self._compose = compose
        self.waits = waits
        self.flapping_ms = flapping_ms
        self._groups: dict[str, NotificationGroup] = {}
        self._by_key: dict[str, str] = {}  # ids of groups
        self._group_of: dict[str, str] = {}  # by alert
        self._alerts: dict[str, Alert] = {}  # the open ones
        self.plan = NotificationPlan()

    def load(self, groups: Iterable[NotificationGroup], alerts: Callable[[str], Alert | None]) -> None:
        """Add the stored groups. ``alerts`` returns an open alert by its id."""
        for group in groups:
            self._groups[group.id] = group
            self._by_key[group_key_of(group)] = group.id
            for alert_id in group.alerts:
                self._group_of[alert_id] = group.id
                if (alert := alerts(alert_id)) is not None:
                    self._alerts[alert_id] = alert

    @property
    def due_at(self) -> int | None:
        """Return when :meth:`tick` has to be called next (epoch ms); None if no message is planned."""
        return min((each.due_at for each in self._groups.values() if each.due_at is not None), default=None)

    def take_plan(self) -> NotificationPlan:
        """Return the changes in :attr:`plan`, and begin an empty plan."""
        plan, self.plan = self.plan, NotificationPlan()
        return plan

    def take(self, notice: PendingNotice) -> None:
        """Update the notification groups after a change of an alert. An open alert in no group is added to a group."""
        alert, group_id = notice.alert, self._group_of.get(notice.alert.id)
        if not alert.open:
            if group_id is not None:
                self._leave(self._groups[group_id], alert, notice.at)
            return
        self._alerts[alert.id] = alert
        if group_id is not None:
            self._reschedule(with_alert(self._groups[group_id], alert), notice.at)
        elif (device := self._find(alert.device)) is not None:
            self._join(alert, device, notice.at)
        if alert.flapping and alert.id in self._group_of:
            self._notify(self._groups[self._group_of[alert.id]], notice.at)  # at once: the alert may clear soon

    def diagnosis_came(self, alert_id: str, now: int) -> None:
        """Plan the message about an alert again, because it need not wait for the alert's diagnosis any longer."""
        if (group_id := self._group_of.get(alert_id)) is not None:
            self._reschedule(self._groups[group_id], now)

    def reconsider(self, now: int) -> None:
        """Plan all messages again after a change of the settings. Without channels, delete all groups of alerts."""
        for group in list(self._groups.values()):
            if self._settings().channels:
                self._reschedule(group, now)
            else:
                for alert_id in group.alerts:
                    del self._group_of[alert_id]
                    self._alerts.pop(alert_id, None)
                self._remove(group)

    def tick(self, now: int) -> None:
        """Add the messages that are due to :attr:`plan`."""
        for group in list(self._groups.values()):
            if group.due_at is not None and group.due_at <= now:
                (self._notify if group.alerts else self._finish)(group, now)

    # -- groups ------------------------------------------------------------------------------------------------

    def _join(self, alert: Alert, device: Device, now: int) -> None:
        route = self._route(alert, device, now) or self._route(alert, device, None)
        key = f"alert:{alert.id}" if route is None else route.group_key(alert, device)
        if (group_id := self._by_key.get(key)) is not None:
            group = self._groups[group_id]
            group = with_alert(replace(group, alerts=(*group.alerts, alert.id)), alert)
        else:
            group = NotificationGroup(f"{key}@{now}", (alert.id,), now)
            self._by_key[key] = group.id
        self._group_of[alert.id] = group.id
        self._reschedule(group, now)

    def _leave(self, group: NotificationGroup, alert: Alert, now: int) -> None:
        del self._group_of[alert.id]
        self._alerts.pop(alert.id, None)
        group = without_alert(group, alert, now + self.flapping_ms)
        if group.alerts or (group.flapping and group.calm_at > now):
            self._reschedule(group, now)
        else:
            self._finish(group, now)

    def _finish(self, group: NotificationGroup, now: int) -> None:
        if group.cleared:
            self._resolve(group, now)
        self._remove(group)

    def _remove(self, group: NotificationGroup) -> None:
        del self._by_key[group_key_of(group)]
        del self._groups[group.id]
        self.plan.groups[group.id] = None

    def _reschedule(self, group: NotificationGroup, now: int) -> None:
        self._keep(replace(group, due_at=self._due(group, now)))

    def _keep(self, group: NotificationGroup) -> None:
        self._groups[group.id] = group
        self.plan.groups[group.id] = group

    # -- when --------------------------------------------------------------------------------------------------

    def _due(self, group: NotificationGroup, now: int) -> int | None:
        """Return when the next message of a group is due; None if no message is due until an alert changes."""
        audible = self._audible(group)
        if not audible:
            return None if group.alerts else group.calm_at
        route = self._route_of(audible[0], now)
        if route is None:
            return now + RECHECK_MS if self._route_of(audible[0], None) is not None else None
        if any(each.flapping and each.id not in group.told for each in audible):
            return now
        if group.first_sent_at is None:
            wait = group.created_at + route.group_wait_s * 1_000
            if self.waits(audible[0]):
                return max(wait, group.created_at + route.diagnosis_wait_s * 1_000)
            return wait
        if any(is_higher(each, group) for each in audible):
            return now
        due = []
        if any(each.id not in group.told for each in audible):
            due.append(group.sent_at + route.group_interval_s * 1_000)
        if route.repeat_s:
            due.append(group.sent_at + route.repeat_s * 1_000)
        if group.step < len(route.steps):
            due.append(group.first_sent_at + route.steps[group.step].after_s * 1_000)
        targets = self._targets(route.steps[: group.step], audible, now)
        due += [each.held_until for each in targets if each.held_until is not None]
        if group.flapping and any(each.held_until is None and each.receiver not in group.receivers for each in targets):
            due.append(now)  # the quiet hours that delayed the message ended while the alert was cleared
        return min(due, default=None)

    def _audible(self, group: NotificationGroup) -> list[Alert]:
        """Return the group's alerts that people are notified of (:func:`is_audible`), the most severe first."""
        found = [self._alerts[each] for each in group.alerts if each in self._alerts and is_audible(self._alerts[each])]
        return sorted(found, key=lambda each: (-SEVERITIES.index(each.severity), each.raised_at, each.id))

    def _route_of(self, alert: Alert, now: int | None) -> NotificationRoute | None:
        device = self._find(alert.device)
        return None if device is None else self._route(alert, device, now)

    def _route(self, alert: Alert, device: Device, now: int | None) -> NotificationRoute | None:
        """Return the first route that matches the alert. With ``now`` None, ignore the hours of the routes."""
        routes = self._settings().routes
        matching = (each for each in routes if each.matches(alert, device, self._selects))
        return next((each for each in matching if now is None or each.applies(now)), None)

    # -- messages ----------------------------------------------------------------------------------------------

    def _notify(self, group: NotificationGroup, now: int) -> None:
        """Plan the message about a group for each receiver if it is due, and compute when the next one is due."""
        due = self._due(group, now)
        audible = self._audible(group)
        route = self._route_of(audible[0], now) if audible else None
        if route is None or due is None or due > now:
            self._keep(replace(group, due_at=due))
            return
        first_sent_at = group.first_sent_at or now
        step = sum(each.after_s * 1_000 <= now - first_sent_at for each in route.steps)
        news = any(each.id not in group.told or is_higher(each, group) for each in audible)
        repeats = bool(route.repeat_s) and now - group.sent_at >= route.repeat_s * 1_000
        to_all = group.first_sent_at is None or news or repeats
        targets = [each for each in self._targets(route.steps[:step], audible, now) if each.held_until is None]
        heard = set(group.receivers)
        chosen = [each for each in targets if to_all or each.receiver not in heard]
        group = replace(
            with_message(group, audible),
            first_sent_at=first_sent_at,
            sent_at=now if to_all else group.sent_at,
            sent=group.sent + 1,
            step=max(step, group.step),
            receivers=(*group.receivers, *(each.receiver for each in chosen if each.receiver not in heard)),
        )
        self._deliver(group, "firing", audible, chosen, now, route)
        self._keep(replace(group, due_at=self._due(group, now)))

    def _resolve(self, group: NotificationGroup, now: int) -> None:
        """Plan a "resolved" message for each receiver. The store discards it if the receiver got no message before."""
        people = self._directory.people()
        targets = []
        for each in group.receivers:
            if each.person is None:
                targets.append(NotificationTarget(each, EVERYTHING, locale=self._settings().locale(each.channel)))
            elif (account := people.get(each.person)) is not None:
                targets.append(self._directory.target(each, account))
        route = self._route_of(group.cleared[0], None)
        self._deliver(replace(group, sent=group.sent + 1), "resolved", group.cleared, targets, now, route)

    def _deliver(
        self,
        group: NotificationGroup,
        kind: MessageKind,
        alerts: Sequence[Alert],
        targets: Iterable[NotificationTarget],
        now: int,
        route: NotificationRoute | None,
    ) -> None:
        messages: dict[object, Message] = {}  # by what varies: alerts that the receiver may see, template, locale
        for target in targets:
            if seen := target.seen(alerts, self._find):
                template = self._template(target.receiver, route)
                style = MessageStyle(template, target.scope.whole, target.locale)
                variant = tuple((each.id, each.message) for each in seen), style
                if variant not in messages:
                    messages[variant] = self._compose(kind, seen, now, style)
                key = delivery_key(group, target.receiver)
                delivery = NotificationDelivery(key, group.id, target.receiver, messages[variant], now)
                self.plan.deliveries.append(delivery)

    def _template(self, receiver: NotificationReceiver, route: NotificationRoute | None) -> MessageTemplate:
        """Return the template of a message: the channel's, otherwise the route's, otherwise the default template."""
        channel = self._settings().channel(receiver.channel)
        return first_of(*(each.template for each in (channel, route) if each is not None))

    def _targets(self, steps: Sequence[RouteStep], alerts: Sequence[Alert], now: int) -> list[NotificationTarget]:
        return receivers_of(steps, alerts[0].severity, now, self._settings(), self._directory)
