"""The lifecycle of a watch: its condition begins, holds for the rule's duration, raises an alert, and ends.

A watch (:class:`hub.model.Watch`) is the state of one rule on one metric of a device, and is stored in the device. This
module has the timers of all watches. :mod:`hub.rules.evaluator` chooses the rule and the value to evaluate.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from hub.events import AlertCleared, Event
from hub.model import Alert, CloseAlert, Device, LateRun, Rule, Value, Watch
from hub.rules import late_readings
from hub.rules.alert_lifecycle import Input
from hub.rules.learned_metrics import LearnedMetrics
from hub.rules.low_points import note_low
from hub.rules.open_alerts import OpenAlerts, late_alert
from hub.rules.plan import MetricRule
from hub.rules.rule_times import RuleTimes

SET_BACK_MS = 60_000
"""If the clock goes back by more than this (ms), it was corrected, and all timers are checked."""
FAR_MS = 3_600_000
"""Timers that expire later than in this time (ms) may have been set by a wrong clock, so they are checked."""

SCHEDULE_ENDED = "The rule's schedule has ended."


class Watches:
    """The timers of all watches. A watch is the state of one rule on one metric of one device.

    ``changed`` has the ids of the devices whose watches must be stored. A watch that only got another reading for its
    window need not be stored, because it is restored from the stored records.
    """

    def __init__(self, alerts: OpenAlerts) -> None:
        self.alerts = alerts
        # Heap of (due in ms, device id, key of the watch, True for the timer of late readings).
        self._timers: list[tuple[int, str, str, bool]] = []
        self._ticked = 0
        self.rule_times, self.learned = RuleTimes(), LearnedMetrics()
        self.changed: set[str] = set()

    # -- timers -----------------------------------------------------------------------------------------------

    def due(self, now: int) -> Iterator[tuple[str, str, bool]]:
        """Remove and yield the timers that are due: (device id, watch key, True if it waits for late readings)."""
        if now < self._ticked - SET_BACK_MS:
            self.recheck(now)
        self._ticked = now
        while self._timers and self._timers[0][0] <= now:
            _, device_id, key, of_late = heapq.heappop(self._timers)
            yield device_id, key, of_late

    def recheck(self, now: int) -> None:
        """Let timers that are set too far ahead expire now: a wrong clock may have set them."""
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
        """Let the timer of a watch expire at ``due`` (epoch ms). A timer set for an earlier time is moved then."""
        if watch.due is None or due < watch.due:
            self.push(due, device, key)
        watch.due = due

    def wait_for_lapse(self, device: Device, each: MetricRule, watch: Watch, behind: int) -> None:
        """Set the timer for the time at which the condition will end if the device sends nothing more.

        ``behind`` is how far the device's clock is behind the hub's, in ms.
        """
        if (at := each.condition.lapse(watch.points)) is not None:
            self.wait(device, each.key, watch, at + behind)

    # -- the condition ----------------------------------------------------------------------------------------

    def step(
        self, device: Device, each: MetricRule, watch: Watch, amount: float, value: Value | None, ts: int, now: int
    ) -> list[Event]:
        """Update a rule's ``watch`` by a reading: ``amount`` was computed from its ``value``, ``ts`` is its time."""
        rule, events = each.rule, []
        holds = each.condition.exceeded(amount, raised=watch.alert is not None)
        if (run := watch.late) is not None and not run.behind:
            # The current reading ends or continues the condition that began with late readings.
            if not holds:
                events += self.write_late(device, rule, watch, run, late_readings.close(run, rule, ts), now)
            elif watch.since is None:
                watch.since = run.since
            watch.late = None
            self.changed.add(device.id)
        if not holds:
            if not each.condition.lasting or watch.alert is not None:
                events += self.recover(device, each, watch, ts, now)
            if not each.condition.lasting:
                return events
            # The condition begins again with each value. It need not be stored: a replay of the records restores it.
            watch.since, watch.evaluated_from = ts, None
        if watch.since is None or watch.since > ts:  # since is later: the device's clock was ahead
            watch.since, watch.lows, watch.evaluated_from = ts, [], None
            self.changed.add(device.id)
        if watch.alert is not None:
            self.relapse(device, watch)
            self.wait_for_lapse(device, each, watch, now - ts)
            return events + self.grade(device, each, watch, amount, value, now)
        held = ts - watch.since
        watch.began = now - held
        if held >= rule.for_ms:
            events += self.raise_alert(device, each.at(amount, None), watch, value, now)
            self.wait_for_lapse(device, each, watch, now - ts)
            return events
        if not each.condition.lasting:  # a lasting condition begins with a value, and not when a limit is passed
            note_low(watch.lows, ts, amount)
        self.wait(device, each.key, watch, watch.began + rule.for_ms)
        return events

    def recover(self, device: Device, each: MetricRule, watch: Watch, ts: int, now: int) -> list[Event]:
        """Handle a reading that does not meet the condition: end the alert, at once or after the rule's ``clear_for``.

        ``ts`` is when the reading was measured, by the device's clock, and ``now`` is when the hub received it.
        """
        delay = each.rule.clear_for_ms
        if watch.alert is None or not delay:
            return self.drop(device, watch, "recover", now, ts)
        if watch.over is None or watch.over > ts:  # over is later: the device's clock was ahead
            watch.over = ts
            self.changed.add(device.id)
        due = now - (ts - watch.over) + delay
        if due <= now:
            return self.drop(device, watch, "recover", now, watch.over)
        self.wait(device, each.key, watch, due)
        return []

    def relapse(self, device: Device, watch: Watch) -> None:
        """Keep an alert open, because its condition holds again before the rule's ``clear_for`` has passed."""
        if watch.over is not None:
            watch.over = watch.due = None
            self.changed.add(device.id)

    def grade(
        self, device: Device, each: MetricRule, watch: Watch, amount: float, value: Value | None, now: int
    ) -> list[Event]:
        """Set the severity of the open alert according to ``amount``. Return the event, or none if nothing changes."""
        alert = self.alerts.by_id.get(watch.alert or "")
        if alert is None or len(each.condition.limits) == 1:
            return []
        rule = each.at(amount, alert.severity)
        if rule.severity == alert.severity:
            return []
        self.changed.add(device.id)  # a replay from an older state would report the changes of severity again
        return self.alerts.restate(alert, device, rule, now, value, old_severity=alert.severity)

    def drop(
        self,
        device: Device,
        watch: Watch,
        happened: Input,
        now: int,
        ended: int | None = None,
        note: str | None = None,
    ) -> list[Event]:
        """Reset a watch whose condition no longer holds, and end its alert as :meth:`close` does."""
        if watch.since is not None or watch.alert is not None:
            self.changed.add(device.id)
        watch.since = watch.due = watch.began = watch.over = watch.evaluated_from = None
        watch.lows = []
        return self.close(watch, happened, now, ended, note)

    def suspend(self, device: Device, watch: Watch, now: int) -> list[Event]:
        """Reset the watch of a rule whose schedule has ended, and withdraw its alert."""
        watch.points, watch.parts, watch.late = [], {}, None
        return self.drop(device, watch, "withdraw", now, note=SCHEDULE_ENDED)

    def close(
        self, watch: Watch, happened: Input, now: int, ended: int | None = None, note: str | None = None
    ) -> list[Event]:
        """End the alert of a watch, if any. ``happened`` says why, ``ended`` when a reading ended the condition."""
        alert_id, watch.alert = watch.alert, None
        alert = self.alerts.by_id.get(alert_id or "")
        if alert is None:
            return []
        if ended is not None:
            watch.last = alert.since, max(ended, alert.since)
        return [self.alerts.end(alert.id, happened, now, ended, note=note)]

    def start_again(self, device: Device, alert_id: str, now: int) -> list[Event]:
        """Withdraw an alert of a silence rule, and measure the silence of its device from now on."""
        events: list[Event] = []
        for key, watch in device.watches.items():
            if watch.alert == alert_id:
                events += self.close(watch, "withdraw", now)
                watch.since = now
                self.wait(device, key, watch, now)  # expires at once, and is then set for the rule's silence
                self.changed.add(device.id)
        return events

    def close_by_hand(self, device: Device, alert: Alert, fact: CloseAlert) -> AlertCleared:
        """End an alert at a person's request. Only new messages of the device can raise another one."""
        for watch in device.watches.values():
            if watch.alert == alert.id:
                latest = device.metrics.get(alert.metric or "")
                joins = watch.measure < 0  # may read several metrics, and other devices
                watch.closed = fact.at if joins or latest is None else latest.ts
                watch.alert = None
                if joins:  # with these points, the next reading would raise another alert
                    watch.points = []
                self.drop(device, watch, "close", fact.at)
                self.changed.add(device.id)
        return self.alerts.end(alert.id, "close", fact.at, by=fact)

    def raise_alert(
        self, device: Device, rule: Rule, watch: Watch, value: Value | None, now: int, *, standing: bool = False
    ) -> list[Event]:
        """Raise an alert unless the watch has one. ``standing`` means that a timer or a change of rules raises it."""
        if watch.alert is not None:
            return []
        since = now if watch.since is None else watch.since
        begun = self.rule_times.get(rule.id) if watch.evaluated_from is None else watch.evaluated_from
        raised = self.alerts.raise_alert(device, rule, since, value, now, standing=standing, evaluated_from=begun)
        watch.alert, watch.due, watch.lows = raised.alert.id, None, []
        self.changed.add(device.id)
        return [raised]

    # -- readings that arrive late ----------------------------------------------------------------------------

    def observe_late(
        self, device: Device, each: MetricRule, watch: Watch, value: Value, ts: int, now: int
    ) -> list[Event]:
        """Evaluate a late reading. It can end an open alert or add an alert that is over already, but open none."""
        rule = each.rule
        behind = device.metrics[each.metric].ts > ts
        if watch.since is not None and not behind:
            # The late reading is the newest known reading, so it may end the condition.
            amount = each.amount(device, watch.points, value, ts, now)
            holds = amount is None or each.condition.exceeded(amount, raised=watch.alert is not None)
            return [] if holds else self.recover(device, each, watch, ts, now)
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
        """End the condition that late readings have met, unless another one has arrived since the timer was set."""
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
        """Record the past alert that late readings have revealed, if any. ``found`` is its begin and end."""
        if found is None:
            return []
        watch.last = found
        return [late_alert(device, rule, run, *found, now)]


def watch_of(device: Device, each: MetricRule) -> Watch:
    """Return the watch of a rule on a device. If there is none yet, return a new watch, which is not stored.

    If the rule was changed so that it measures something else, reset the watch.
    """
    watch = device.watches.get(each.key)
    if watch is None:
        return Watch(measure=each.measure)
    if watch.measure != each.measure:
        if watch.measure:
            watch.since = watch.due = watch.began = watch.over = watch.late = watch.evaluated_from = None
            watch.lows, watch.parts = [], {}
            if not each.condition.windowed or watch.measure < 0 or each.measure < 0:
                watch.points = []
        watch.measure = each.measure
    return watch
