"""What happens to one watch: its condition begins, holds, is waited for, ends; late readings are followed beside it.

A watch (:class:`hub.model.Watch`) lies in its device. Here are the timers of all watches and the open alerts; which
rule and which value a watch is judged by is for :mod:`hub.rules.engine` to say.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from hub.events import Event
from hub.model import Device, LateRun, Rule, Value, Watch
from hub.rules import late_readings
from hub.rules.alert_lifecycle import Input
from hub.rules.kinds import SilenceCondition
from hub.rules.low_points import note_low
from hub.rules.open_alerts import OpenAlerts, late_alert
from hub.rules.plan import MetricRule

SET_BACK_MS = 60_000
"""A clock that goes back by more was set."""
FAR_MS = 3_600_000


class Watches:
    """``changed`` gathers the devices whose watches have changed by anything but a record's passing by: what records
    do to a window can be told again by the records."""

    def __init__(self, alerts: OpenAlerts) -> None:
        self.alerts = alerts
        # (when, device, key of its watch, whether it is the timer of a late run)
        self._timers: list[tuple[int, str, str, bool]] = []
        self._ticked = 0
        self.changed: set[str] = set()

    # -- timers -----------------------------------------------------------------------------------------------

    def due(self, now: int) -> Iterator[tuple[str, str, bool]]:
        """Take the timers that have gone off: device, key, whether it is one of late readings."""
        if now < self._ticked - SET_BACK_MS:
            self.recheck(now)
        self._ticked = now
        while self._timers and self._timers[0][0] <= now:
            _, device_id, key, of_late = heapq.heappop(self._timers)
            yield device_id, key, of_late

    def recheck(self, now: int) -> None:
        """Let timers that are far off go off now: a clock that was ahead may have set them. Others are set again."""
        self._timers = [(now if t[0] > now + FAR_MS else t[0], *t[1:]) for t in self._timers]
        heapq.heapify(self._timers)

    def push(self, due: int, device: Device, key: str, *, of_late: bool = False) -> None:
        heapq.heappush(self._timers, (due, device.id, key, of_late))

    def restore_timers(self, device: Device) -> None:
        for key, watch in device.watches.items():
            if watch.due is not None:
                self.push(watch.due, device, key)
            if watch.late is not None:
                self.push(watch.late.due, device, key, of_late=True)

    def wait(self, device: Device, key: str, watch: Watch, due: int) -> None:
        """Look at a condition at ``due``. A timer that would go off later is replaced; one that goes off earlier is
        set again then."""
        if watch.due is None or due < watch.due:
            self.push(due, device, key)
        watch.due = due

    # -- the condition ----------------------------------------------------------------------------------------

    def step(
        self, device: Device, each: MetricRule, watch: Watch, amount: float, value: Value, ts: int, now: int
    ) -> list[Event]:
        """Take in an amount that was measured at ``ts`` and received at ``now``."""
        rule, events = each.rule, []
        holds = each.condition.exceeded(amount, raised=watch.alert is not None)
        if (run := watch.late) is not None and not run.behind:
            # The present takes over what late readings have begun.
            if not holds:
                events += self.write_late(device, rule, watch, run, late_readings.close(run, rule, ts), now)
            elif watch.since is None:
                watch.since = run.since
            watch.late = None
            self.changed.add(device.id)
        if not holds:
            return events + self.drop(device, watch, "recover", now, ts)
        if watch.since is None or watch.since > ts:  # later: the device's clock was ahead and has been put right
            watch.since, watch.lows = ts, []
            self.changed.add(device.id)
        if watch.alert is not None:
            return events
        held = ts - watch.since
        watch.began = now - held
        if held >= rule.for_ms:
            return events + self.raise_alert(device, rule, watch, value, now)
        note_low(watch.lows, ts, amount)
        self.wait(device, each.key, watch, watch.began + rule.for_ms)
        return events

    def heard(self, device: Device, condition: SilenceCondition, key: str, now: int) -> list[Event]:
        """Silence counts from now, and an alert for it ends."""
        watch = device.watches.get(key)
        if watch is None:
            watch = device.watches[key] = Watch()
        watch.since, watch.due = now, now + condition.silence_ms
        self.push(watch.due, device, key)
        self.changed.add(device.id)
        return self.close(watch, "recover", now, now)

    def drop(self, device: Device, watch: Watch, happened: Input, now: int, ended: int | None = None) -> list[Event]:
        """The condition does not hold, or no longer."""
        if watch.since is not None or watch.alert is not None:
            self.changed.add(device.id)
        watch.since = watch.due = watch.began = None
        watch.lows = []
        return self.close(watch, happened, now, ended)

    def close(self, watch: Watch, happened: Input, now: int, ended: int | None = None) -> list[Event]:
        """End the watch's alert, if it has one."""
        alert_id, watch.alert = watch.alert, None
        alert = self.alerts.by_id.get(alert_id or "")
        if alert is None:
            return []
        if ended is not None:
            watch.last = alert.since, max(ended, alert.since)
        return self.alerts.end(alert.id, happened, now, ended)

    def raise_alert(
        self, device: Device, rule: Rule, watch: Watch, value: Value | None, now: int, *, standing: bool = False
    ) -> list[Event]:
        """Raise an alert, unless it has been; ``standing`` says that no new reading is the occasion."""
        if watch.alert is not None:
            return []
        since = now if watch.since is None else watch.since
        raised = self.alerts.raise_alert(device, rule, since, value, now, standing=standing)
        watch.alert, watch.due, watch.lows = raised.alert.id, None, []
        self.changed.add(device.id)
        return [raised]

    # -- readings that arrive late ----------------------------------------------------------------------------

    def observe_late(
        self, device: Device, each: MetricRule, watch: Watch, value: Value, ts: int, now: int
    ) -> list[Event]:
        """Take in a reading that arrived late. It raises nothing; it may end an alert, or become a past one."""
        rule = each.rule
        behind = device.metrics[each.metric].ts > ts
        if watch.since is not None and not behind:
            # It is the newest that is known: what has begun may end with it.
            amount = each.condition.measure(watch.points, value, ts)
            holds = amount is None or each.condition.exceeded(amount, raised=watch.alert is not None)
            return [] if holds else self.drop(device, watch, "recover", now, ts)
        alert = self.alerts.by_id.get(watch.alert or "")
        if late_readings.known_already(watch, alert.since if alert else None, ts):
            return []
        run = watch.late or LateRun(now)
        begun = run.since
        found = late_readings.follow(run, each, value, ts)
        if begun is None and run.since is None and not run.points:
            return []
        run.behind, run.due = behind, now + late_readings.SETTLE_MS
        if watch.late is None:
            self.push(run.due, device, each.key, of_late=True)
        watch.late = run
        device.watches[each.key] = watch
        self.changed.add(device.id)
        return self.write_late(device, rule, watch, run, found, now)

    def settle_late(self, device: Device, rule: Rule | None, key: str, watch: Watch, now: int) -> list[Event]:
        """The timer of late readings has gone off: if no more have come, what they showed is over."""
        run = watch.late
        if run is None:
            return []
        if run.due > now:
            self.push(run.due, device, key, of_late=True)
            return []
        watch.late = None
        self.changed.add(device.id)
        return self.write_late(device, rule, watch, run, late_readings.close(run, rule, run.until), now) if rule else []

    def write_late(
        self, device: Device, rule: Rule, watch: Watch, run: LateRun, found: tuple[int, int] | None, now: int
    ) -> list[Event]:
        """Write a past alert down, if late readings have shown one from ``found[0]`` to ``found[1]``."""
        if found is None:
            return []
        watch.last = found
        return [late_alert(device, rule, run, *found, now)]


def watch_of(device: Device, each: MetricRule) -> Watch:
    """Return the device's watch of this rule, or a new one that is not the device's yet. What was remembered for
    another measure (another kind of rule under this id) means nothing now and is forgotten."""
    watch = device.watches.get(each.key)
    if watch is None:
        return Watch(measure=each.measure)
    if watch.measure != each.measure:
        if watch.measure:
            watch.since = watch.due = watch.began = watch.late = None
            watch.lows = []
            if not each.condition.windowed:
                watch.points = []
        watch.measure = each.measure
    return watch
