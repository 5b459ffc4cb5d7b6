"""The rules at work: which watches a device has, and what they are judged by.

A device is judged when it says something (:meth:`Engine.observe`), when a timer goes off (:meth:`Engine.tick`), and by
the values that stand when its rules, or what they go by, have changed (:meth:`Engine.judge`).

Pure: times come with records and ticks. A rule's window and timer live in the device's watch and so travel with it;
this object keeps only what can be made again from rules, devices and open alerts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from hub.events import Event
from hub.model import (
    Acknowledge,
    Alert,
    ConfirmCause,
    Device,
    Limit,
    Record,
    Rule,
    Severity,
    Unacknowledge,
    ValueExpired,
    Watch,
)
from hub.rules.current_values import LOOK_EVERY, judge_silence, judge_value
from hub.rules.open_alerts import OpenAlerts
from hub.rules.plan import DeviceRulesCache, MetricRule, covers
from hub.rules.watch import Watches, watch_of

Find = Callable[[str], Device | None]


class Engine:
    """``open`` holds the open alerts by id. ``tolerated`` says after how many ms a rule that asks for so many finds a
    device silent (see :meth:`hub.registry.registry.DeviceRegistry.tolerated_silence`)."""

    def __init__(
        self, rules: Iterable[Rule], tolerated: Callable[[Device, int], int] = lambda device, silence_ms: silence_ms
    ) -> None:
        self.rules = list(rules)
        self._plans = DeviceRulesCache(self.rules)
        self._tolerated = tolerated
        self.clear()

    def clear(self) -> None:
        """Forget all alerts and timers; :meth:`load` and :meth:`restore` bring them back."""
        self._alerts = OpenAlerts()
        self.open = self._alerts.by_id
        self._watches = Watches(self._alerts)
        self._plans.clear()
        # Devices that have not been judged by the present rules yet, and their order.
        self._unjudged: set[str] = set()
        self._queue: deque[str] = deque()

    # -- questions --------------------------------------------------------------------------------------------

    def rules_for(self, device: Device) -> list[Rule]:
        """Return the rules that watch something of this device, as they are written."""
        rules = self._plans.of(device).rules.values()
        return [rule for rule in rules if rule.metric is None or any(covers(rule, name) for name in device.metrics)]

    def rules_on(self, device: Device) -> list[Rule]:
        """Return the rules on each metric of this device; ``rule.metric`` is that metric, never a pattern."""
        plan = self._plans.of(device)
        return [each.rule for metric in device.metrics for each in plan.on(metric)]

    def limits(self, device: Device) -> dict[str, Limit]:
        """Return the limits of each metric: the device's own, and over them the bounds of the rules that watch it."""
        limits = dict(device.info.limits)
        for rule in self.rules_on(device):
            bounds, own = rule.condition.bounds(), limits.get(rule.metric or "", Limit())
            if rule.metric is not None and bounds is not None:
                limits[rule.metric] = Limit(
                    min=own.min if bounds.min is None else bounds.min,
                    max=own.max if bounds.max is None else bounds.max,
                )
        return limits

    def severity(self, device_id: str) -> Severity:
        """Return the highest severity among the device's open alerts."""
        return self._alerts.severity(device_id)

    def calm(self, device: Device, metrics: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The least and the greatest value of each of these metrics by which no rule is moved, as long as nothing
        else happens to the device; None where every value may move one, or one is moving now."""
        plan, watches = self._plans.of(device), device.watches
        if any(key not in watches or watches[key].due is None for _, _, key in plan.silence):
            return None
        least, most = [-math.inf] * len(metrics), [math.inf] * len(metrics)
        for place, metric in enumerate(metrics):
            for each in plan.on(metric):
                bounds, watch = each.condition.bounds(), watches.get(each.key)
                if bounds is None:
                    return None
                if watch and (watch.since is not None or watch.alert or watch.late):
                    return None
                if bounds.max is not None:
                    most[place] = min(most[place], bounds.max)
                if bounds.min is not None:
                    least[place] = max(least[place], bounds.min)
        return least, most

    def take_changed(self) -> set[str]:
        """Return the devices whose watches have changed since the last call; see :class:`Watches`."""
        changed, self._watches.changed = self._watches.changed, set()
        return changed

    # -- what is heard, and the clock -------------------------------------------------------------------------

    def observe(self, device: Device, record: Record) -> list[Event]:
        """Judge one record, after the fleet has taken it in. Late and replayed readings raise nothing."""
        events: list[Event] = []
        if self._unjudged and device.id in self._unjudged:
            events += self.judge(device, record.received)
        if record.quality == "retained":
            return events
        plan, late = self._plans.of(device), record.quality == "late"
        if record.live:
            events += self.hear(device, record.received)
        if not plan.has_metrics:
            return events
        for metric, value in record.values.items():
            for each in plan.on(metric):
                if not late and device.metrics[metric].ts > record.ts:
                    continue  # a newer value has been judged already
                watch = watch_of(device, each)
                if late:
                    events += self._watches.observe_late(device, each, watch, value, record.ts, record.received)
                    continue
                amount = each.condition.measure(watch.points, value, record.ts)
                if amount is None:
                    continue
                if amount > each.condition.limit or watch.since is not None or watch.points or watch.late:
                    device.watches[each.key] = watch
                    events += self._watches.step(device, each, watch, amount, value, record.ts, record.received)
        return events

    def hear(self, device: Device, now: int) -> list[Event]:
        """Take note of any sign of life: it ends alerts for silence."""
        events: list[Event] = []
        for _, condition, key in self._plans.of(device).silence:
            watch = device.watches.get(key)
            if watch is None or watch.due is None:  # else its timer goes by when the device was last heard
                events += self._watches.heard(device, condition, key, now)
        return events

    def tick(self, now: int, listening_since: int | None, find: Find) -> list[Event]:
        """Let the timers that are due go off. ``find`` gives a device by its id."""
        events: list[Event] = []
        for device_id, key, of_late in self._watches.due(now):
            device = find(device_id)
            watch = device.watches.get(key) if device else None
            if device is None or watch is None:
                continue
            found = self._plans.of(device).find(key)
            if of_late:
                rule = found.rule if isinstance(found, MetricRule) else None
                events += self._watches.settle_late(device, rule, key, watch, now)
            elif watch.due is None or found is None:
                continue
            elif not isinstance(found, MetricRule):
                rule, condition, _ = found
                silence_ms = self._tolerated(device, condition.silence_ms)
                if self._silent(device, silence_ms, key, watch, now, listening_since):
                    events += self._watches.raise_alert(device, rule, watch, None, now)
            elif now < watch.due <= now + found.rule.for_ms:
                self._watches.push(watch.due, device, key)
            else:
                watch.due = None
                if watch.began is not None:
                    watch.began = min(watch.began, now)  # a clock that was ahead is put right
                events += judge_value(self._watches, device, found, now)
        return events

    def _silent(
        self, device: Device, silence_ms: int, key: str, watch: Watch, now: int, listening_since: int | None
    ) -> bool:
        """Return True if it has been silent for long enough, counting only while the hub could have heard. Nobody knows
        whether a device should speak that was never heard, or that is no longer announced."""
        watch.since = min(max(watch.since or 0, device.last_seen or 0), now)  # a clock that was ahead is put right
        if listening_since is None or device.last_seen is None or device.withdrawn:
            watch.since = now if device.withdrawn else watch.since
            due = now + silence_ms
        else:
            due = max(watch.since, listening_since) + silence_ms
        if due <= now:
            return True
        watch.due = due = min(due, now + LOOK_EVERY)
        self._watches.push(due, device, key)
        return False

    # -- rules and what they go by change ---------------------------------------------------------------------

    def replace(self, rules: Iterable[Rule], devices: Iterable[str]) -> None:
        """Put other rules in force for these devices, which :meth:`judge_next` then judges by them. A rule that keeps
        its id and metric keeps its windows, timers and alerts as far as they hold under it."""
        self.rules[:] = rules
        self._plans.clear()
        self._queue = deque(devices)
        self._unjudged = set(self._queue)

    @property
    def unjudged(self) -> int:
        """How many devices have not been judged by the present rules yet."""
        return len(self._unjudged)

    def judge_next(self, most: int, find: Find, now: int) -> list[Event]:
        """Judge at most so many of the devices that wait for it."""
        events: list[Event] = []
        while most and self._queue:
            name = self._queue.popleft()
            if name in self._unjudged and (device := find(name)) is not None:
                events += self.judge(device, now)
                most -= 1
        return events

    def judge(self, device: Device, now: int) -> list[Event]:
        """Judge a device by the values that stand: its rules, its model, its labels or its limits have changed.

        Alerts of rules that no longer apply are withdrawn, and so are those whose condition does not hold under the
        rule as it is now. A condition that holds begins with the value's own time, or where it was seen to begin.
        """
        self._unjudged.discard(device.id)
        self._plans.forget(device.id)
        plan = self._plans.of(device)
        events: list[Event] = []
        for key in list(device.watches):
            found = plan.find(key)
            if found is None or (isinstance(found, MetricRule) and found.rule.metric not in device.metrics):
                events += self._watches.drop(device, device.watches.pop(key), "withdraw", now)
        for metric in device.metrics if plan.has_metrics else ():
            for each in plan.on(metric):
                events += judge_value(self._watches, device, each, now)
        for rule, condition, key in plan.silence:
            silence_ms = self._tolerated(device, condition.silence_ms)
            events += judge_silence(self._watches, device, rule, silence_ms, key, now)
        return events

    def withdraw(self, device: Device, expiration: ValueExpired) -> list[Event]:
        """Withdraw the timers and alerts on a metric, and on its parts if they lapse too; on all for an empty name."""
        plan, metric, below = self._plans.of(device), expiration.metric, f"{expiration.metric}."
        events: list[Event] = []
        for key in list(device.watches):
            found = plan.find(key)
            name = found.rule.metric if isinstance(found, MetricRule) else None
            if name is not None and (name == metric or not metric or (expiration.parts and name.startswith(below))):
                events += self._watches.drop(device, device.watches.pop(key), "withdraw", expiration.at)
        return events

    def forget(self, device_id: str, now: int) -> list[Event]:
        """A deleted device takes its alerts along."""
        self._plans.forget(device_id)
        self._unjudged.discard(device_id)
        self._watches.changed.discard(device_id)
        events: list[Event] = []
        for alert_id in self._alerts.of_device(device_id):
            events += self._alerts.end(alert_id, "withdraw", now)
        self._alerts.forget_device(device_id)
        return events

    # -- a start ----------------------------------------------------------------------------------------------

    def load(self, alerts: Iterable[Alert]) -> None:
        """Take in the alerts that were open, before any record is judged."""
        for alert in alerts:
            self._alerts.add(alert)

    def restore(self, devices: Iterable[Device], now: int) -> list[Event]:
        """Set the timers again and judge all devices by the rules as they are now; alerts that belong to no watch are
        withdrawn."""
        events: list[Event] = []
        watched: set[str] = set()
        for device in devices:
            self._watches.restore_timers(device)
            events += self.judge(device, now)
            watched.update(watch.alert for watch in device.watches.values() if watch.alert)
        self._watches.recheck(now)
        for alert_id in self.open.keys() - watched:
            events += self._alerts.end(alert_id, "withdraw", now)
        return events

    # -- what people do ---------------------------------------------------------------------------------------

    def acknowledge(self, fact: Acknowledge | Unacknowledge) -> tuple[Alert, list[Event]]:
        """Acknowledge an open alert, or take that back. Raises NotFound for one that is not open."""
        return self._alerts.acknowledge(fact)

    def confirm(self, fact: ConfirmCause) -> tuple[Alert, list[Event]]:
        """Set the cause of an alert. Raises NotFound if the alert has cleared since it was read."""
        return self._alerts.confirm(fact)
