"""The rules at work: which watches a device has, when an alert begins and ends.

Pure: times come with records and ticks. A rule's window and timer live in the device's watch and so travel with it;
this object keeps only what can be made again from rules, devices and open alerts.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from hub.errors import NotFound
from hub.events import AlertAcknowledged, AlertCleared, AlertRaised, Event
from hub.model import SEVERITIES, Acknowledge, Alert, Device, NoData, Record, Rule, Severity, Threshold, Value, Watch
from hub.rules.conditions import breached
from hub.rules.lifecycle import Input, after
from hub.rules.plan import Plans
from hub.rules.words import message


class Engine:
    """``open`` holds the open alerts by id."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = list(rules)
        self.open: dict[str, Alert] = {}
        self._of_device: dict[str, set[str]] = {}
        self._plans = Plans(self.rules)
        self._timers: list[tuple[int, str, str]] = []
        self._changed: set[str] = set()

    # -- questions --------------------------------------------------------------------------------------------

    def rules_for(self, device: Device) -> list[Rule]:
        return list(self._plans.of(device).keys.values())

    def severity(self, device_id: str) -> Severity:
        """The highest among the device's open alerts."""
        ids = self._of_device.get(device_id)
        if not ids:
            return "ok"
        return max((self.open[i].severity for i in ids), key=SEVERITIES.index)

    def calm(self, device: Device, metrics: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The least and the greatest value of each of these metrics by which no rule is moved, as long as nothing
        else happens to the device; None where every value may move one, or one is moving now."""
        plan, watches = self._plans.of(device), device.watches
        if any(key not in watches or watches[key].due is None for _, key in plan.silence):
            return None
        least, most = [-math.inf] * len(metrics), [math.inf] * len(metrics)
        for place, metric in enumerate(metrics):
            for rule, key in plan.by_metric.get(metric, ()):
                condition, watch = rule.condition, watches.get(key)
                if not isinstance(condition, Threshold) or (watch and (watch.since is not None or watch.alert)):
                    return None
                if condition.above is not None:
                    most[place] = min(most[place], condition.above)
                else:
                    least[place] = max(least[place], condition.below or 0.0)
        return least, most

    # -- what happens -----------------------------------------------------------------------------------------

    def observe(self, device: Device, record: Record) -> list[Event]:
        """One record, after the fleet has taken it in. Late and replayed readings raise nothing."""
        plan = self._plans.of(device)
        events: list[Event] = []
        if record.quality in ("late", "retained"):
            return events
        for condition, key in plan.silence:
            watch = device.watches.get(key)
            if watch is None or watch.due is None:  # else its timer goes by when the device was last heard
                events += self._heard(device, condition, key, record.received)
        for metric in plan.by_metric.keys() & record.values.keys() if plan.by_metric else ():
            value = record.values[metric]
            for rule, key in plan.by_metric[metric]:
                if device.metrics[metric].ts > record.ts:
                    continue  # a newer value has been judged already
                watch = device.watches.get(key) or Watch()
                holds = breached(rule.condition, watch, value, record.ts)
                if holds is not None and (holds or watch.since is not None or watch.points):
                    device.watches[key] = watch
                    events += self._step(device, rule, key, watch, holds, value, record.ts, record.received)
        return events

    def _step(
        self, device: Device, rule: Rule, key: str, watch: Watch, holds: bool, value: Value, ts: int, now: int
    ) -> list[Event]:
        if not holds:
            if watch.since is not None:
                self._changed.add(device.id)
            watch.since = watch.due = None
            return self._close(watch, "recover", now)
        if watch.since is None:
            self._changed.add(device.id)
            watch.since = ts
        if watch.alert is not None:
            return []
        held = ts - watch.since
        if held >= rule.for_ms:
            return self._raise(device, rule, watch, value, now)
        if watch.due is None:
            heapq.heappush(self._timers, (now + rule.for_ms - held, device.id, key))
        watch.due = now + rule.for_ms - held
        return []

    def _heard(self, device: Device, condition: NoData, key: str, now: int) -> list[Event]:
        """Silence counts from now, and ends an alert for it."""
        watch = device.watches.get(key)
        if watch is None:
            watch = device.watches[key] = Watch()
        watch.since, watch.due = now, now + condition.silence_ms
        heapq.heappush(self._timers, (watch.due, device.id, key))
        self._changed.add(device.id)
        return self._close(watch, "recover", now) if watch.alert is not None else []

    def take_changed(self) -> set[str]:
        """The devices whose watches have changed since the last call by anything but a record's passing by: the points
        of a rate and the last sign of life are told by the records themselves."""
        changed, self._changed = self._changed, set()
        return changed

    def tick(self, now: int, listening_since: int | None, find: Callable[[str], Device | None]) -> list[Event]:
        """Let the timers that are due fire. ``find`` gives a device by its id."""
        events: list[Event] = []
        while self._timers and self._timers[0][0] <= now:
            _, device_id, key = heapq.heappop(self._timers)
            device = find(device_id)
            watch = device.watches.get(key) if device else None
            if device is None or watch is None or watch.due is None:
                continue
            rule = self._plans.of(device).keys.get(key)
            if rule is None:
                continue
            if isinstance(rule.condition, NoData):
                if self._silent(device, rule.condition, key, watch, now, listening_since):
                    events += self._raise(device, rule, watch, None, now)
            elif watch.due > now:
                heapq.heappush(self._timers, (watch.due, device_id, key))
            else:
                watch.due = None
                latest = device.metrics.get(rule.metric or "")
                events += self._raise(device, rule, watch, latest.value if latest else None, now)
        return events

    def _silent(
        self, device: Device, condition: NoData, key: str, watch: Watch, now: int, listening_since: int | None
    ) -> bool:
        """True if it has been silent for long enough, counting only while the hub could have heard."""
        watch.since = max(watch.since or 0, device.last_seen or 0)
        if listening_since is None:
            due = now + condition.silence_ms
        else:
            due = max(watch.since, listening_since) + condition.silence_ms
        if due <= now:
            return True
        watch.due = due
        heapq.heappush(self._timers, (due, device.id, key))
        return False

    # -- the life of an alert ---------------------------------------------------------------------------------

    def _raise(self, device: Device, rule: Rule, watch: Watch, value: Value | None, now: int) -> list[Event]:
        if watch.alert is not None:
            return []
        since = watch.since if watch.since is not None else now
        unit = device.unit(rule.metric)
        silent = now - (device.last_seen or device.first_seen)
        condition = rule.condition
        shown = device.describe(rule.metric) if rule.metric else None
        alert = Alert(
            id=_alert_id(rule, device, since),
            rule=rule.id,
            device=device.id,
            metric=rule.metric,
            severity=rule.severity,
            state="raised",
            message=message(rule, value, unit, silent // 1000 * 1000, shown),
            value=value,
            threshold=_limit(condition) if isinstance(condition, Threshold) else None,
            unit=unit,
            since=since,
            raised_at=now,
        )
        watch.alert, watch.due = alert.id, None
        self._changed.add(device.id)
        self.open[alert.id] = alert
        self._of_device.setdefault(device.id, set()).add(alert.id)
        return [AlertRaised(alert, now)]

    def _close(self, watch: Watch, happened: Input, now: int) -> list[Event]:
        """End the watch's alert, if it has one."""
        alert_id, watch.alert = watch.alert, None
        return self._clear(alert_id, happened, now) if alert_id in self.open else []

    def _clear(self, alert_id: str, happened: Input, now: int) -> list[Event]:
        alert = self.open.pop(alert_id)
        self._of_device[alert.device].discard(alert.id)
        state = after(alert.state, happened)
        return [AlertCleared(msgspec.structs.replace(alert, state=state, cleared_at=now), now)]

    def acknowledge(self, fact: Acknowledge) -> tuple[Alert, list[Event]]:
        """Raises NotFound for an alert that is not open. A second acknowledgement changes nothing."""
        alert = self.open.get(fact.alert)
        if alert is None:
            raise NotFound("There is no open alert with this id.", "GET /api/alerts?state=open lists them.")
        if alert.state == after(alert.state, "acknowledge"):
            return alert, []
        alert = msgspec.structs.replace(
            alert, state="acknowledged", acknowledged_at=fact.at, acknowledged_by=fact.by, note=fact.note
        )
        self.open[alert.id] = alert
        return alert, [AlertAcknowledged(alert, fact.at)]

    # -- devices come, change and go --------------------------------------------------------------------------

    def refresh(self, device: Device, now: int) -> list[Event]:
        """Its model or labels changed: other rules may apply. Alerts of rules that no longer do are withdrawn."""
        self._plans.forget(device.id)
        keys = self._plans.of(device).keys
        events: list[Event] = []
        for key in [k for k in device.watches if k not in keys]:
            events += self._close(device.watches.pop(key), "withdraw", now)
        return events

    def forget(self, device_id: str, now: int) -> list[Event]:
        """A deleted device takes its alerts along."""
        self._plans.forget(device_id)
        self._changed.discard(device_id)
        closed: list[Event] = []
        for alert_id in list(self._of_device.get(device_id, ())):
            closed += self._clear(alert_id, "withdraw", now)
        self._of_device.pop(device_id, None)
        return closed

    def restore(self, devices: Iterable[Device], alerts: Iterable[Alert], now: int) -> list[Event]:
        """After a start: alerts and timers as they were; what belongs to a rule that is gone is withdrawn."""
        for alert in alerts:
            self.open[alert.id] = alert
            self._of_device.setdefault(alert.device, set()).add(alert.id)
        events: list[Event] = []
        watched: set[str] = set()
        for device in devices:
            for key, watch in device.watches.items():
                if watch.due is not None:
                    heapq.heappush(self._timers, (watch.due, device.id, key))
            events += self._adopt(device, now)
            watched.update(watch.alert for watch in device.watches.values() if watch.alert)
        for alert_id in self.open.keys() - watched:
            events += self._clear(alert_id, "withdraw", now)
        return events

    def replace(self, rules: Iterable[Rule], devices: Iterable[Device], now: int) -> list[Event]:
        """Other rules from now on. A rule that keeps its id and metric keeps its windows, timers and alerts."""
        self.rules[:] = rules
        self._plans.clear()
        return [event for device in devices for event in self._adopt(device, now)]

    def _adopt(self, device: Device, now: int) -> list[Event]:
        """Judge the device by the present rules; silence counts from now where nothing counted it before."""
        events = self.refresh(device, now)
        for condition, key in self._plans.of(device).silence:
            events += self._heard(device, condition, key, now) if key not in device.watches else []
        return events


def _alert_id(rule: Rule, device: Device, since: int) -> str:
    """Made from the opening record, so that the same condition never raises twice, also over a restart."""
    text = f"{rule.id}\n{device.id}\n{rule.metric}\n{since}"
    return "a" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _limit(condition: Threshold) -> float | None:
    return condition.above if condition.above is not None else condition.below
