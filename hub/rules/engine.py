"""The rule engine: evaluates rules on readings, on timers and on changes of rules.

Rules are evaluated when a reading arrives (:meth:`Engine.observe`), when a timer expires (:meth:`Engine.tick`), and on
the latest values when rules or a device's description change (:meth:`Engine.judge`).

The engine reads no clock: times come with records and ticks. The state of a rule on a metric is the device's watch,
which is stored with the device. The engine's own state can be rebuilt from rules, devices and open alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from hub.events import AlertEvent, Event
from hub.model import (
    Alert,
    AlertRequest,
    CloseAlert,
    CommentAlert,
    ConfirmCause,
    Device,
    IncidentLimits,
    Limit,
    Record,
    Rule,
    Severity,
    ValueExpired,
)
from hub.rules.covering import Quantity, own_quantity, reads_any, with_bounds
from hub.rules.device_rules import DeviceRulesCache
from hub.rules.evaluator import RuleEvaluator
from hub.rules.incidents import Incidents
from hub.rules.learned_metrics import MIN_LEARNED, LearnedMetrics
from hub.rules.open_alerts import OpenAlerts
from hub.rules.plan import Calm
from hub.rules.published_values import PublishedValues
from hub.rules.schedules import Schedules
from hub.rules.scopes import ScopeMatcher
from hub.rules.silencing import Silencing
from hub.rules.unjudged_devices import UnjudgedDevices
from hub.rules.watch import Watches

Find = Callable[[str], Device | None]


class Engine:
    """Evaluates rules, and raises, changes and ends alerts.

    ``open`` has the open alerts by id. ``published`` has the values that rules read from other devices.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        tolerated: Callable[[Device, int], int] = lambda device, silence_ms: silence_ms,
        areas: Mapping[str, Collection[str]] | None = None,
        gateways: Callable[[str], Collection[str]] = lambda gateway: (gateway,),
        incident_limits: IncidentLimits | None = None,
        quantity: Quantity = own_quantity,
        learned_metrics: int = MIN_LEARNED,
    ) -> None:
        """Create an engine without alerts.

        Args:
            rules: The rules.
            tolerated: Takes a device and the silence of a rule in ms. Returns the silence (ms) that raises an alert.
            areas: The areas that rules may name; see :class:`hub.rules.scopes.ScopeMatcher`.
            gateways: Takes a gateway id. Returns this id and the ids of the gateways that it is connected through.
            incident_limits: The times within which alerts belong to one incident.
            quantity: Returns the quantity that a metric of a device measures.
            learned_metrics: Maximum metrics that ``anomaly`` rules learn; see :mod:`hub.rules.learned_metrics`.
        """
        self._learned_metrics = learned_metrics
        self.incident_limits = incident_limits or IncidentLimits()
        self.rules = list(rules)
        self.rule_names = {rule.id: rule.name for rule in self.rules}
        self._gateways = gateways
        self.matcher = ScopeMatcher(areas or {}, gateways)
        self._schedules = Schedules(self.rules)
        self.quantity = quantity
        self.published = PublishedValues(quantity)
        self.published.want(self.rules)
        self.plans = DeviceRulesCache(self.rules, self.matcher, self._schedules, self.published, quantity)
        self._tolerated = tolerated
        self.clear()

    def clear(self) -> None:
        """Discard all alerts and timers. Call :meth:`load` and :meth:`restore` afterwards to restore them."""
        self._alerts = OpenAlerts()
        self.open = self._alerts.by_id
        self._watches = Watches(self._alerts)
        self.learned = self._watches.learned = LearnedMetrics(self._learned_metrics)
        self._evaluator = RuleEvaluator(self.plans, self._watches, self.published, self._tolerated)
        self.follow = self._evaluator.follow
        self.silencing = Silencing(self._alerts, self.matcher)
        self.incidents = Incidents(self._watches, self._gateways, self.incident_limits)
        self.plans.clear()
        self._schedules.reset()
        self.published.clear()
        self._turned: list[Rule] = []
        self._unjudged = UnjudgedDevices()

    # -- read ------------------------------------------------------------------------------------------------

    def rules_for(self, device: Device) -> list[Rule]:
        """Return the rules that watch this device, as written: the metric of a rule may be a pattern."""
        return [rule for rule in self.plans.of(device).rules.values() if reads_any(rule, device, self.quantity)]

    def applies(self, rule: Rule, device: Device) -> bool:
        """Return True if the rule, which need not be saved yet, selects the device and reads something of it."""
        return self.matcher.selects(rule.scope, device) and reads_any(rule, device, self.quantity)

    def rules_on(self, device: Device) -> list[Rule]:
        """Return the rules on each metric of this device. The ``metric`` of each rule is a name, not a pattern."""
        plan = self.plans.of(device)
        return [each.rule for metric in device.metrics for each in plan.on(metric) if each.metric == metric]

    def limits(self, device: Device) -> dict[str, Limit]:
        """Return the limits of each metric. The bounds of rules take precedence over the device's own limits."""
        return with_bounds(device.info.limits, self.rules_on(device))

    def severity(self, device_id: str) -> Severity:
        """Return the highest severity among the device's open alerts."""
        return self._alerts.severity(device_id)

    def together(self, alert: Alert) -> list[Alert]:
        """Return the other open alerts of the alert's incident."""
        return [each for each in self.incidents.open_alerts(alert.incident) if each.id != alert.id]

    def explaining(self, alert: Alert) -> tuple[str, ...]:
        """Return the ids of the alerts whose diagnoses explain this alert and its incident, best diagnosis first."""
        return self.incidents.explaining(alert)

    def calm(self, device: Device, metrics: Sequence[str]) -> Calm | None:
        """Return the calm range of each of ``metrics``, in which no value changes the state of a rule.

        Return None if a metric has no such range. See :meth:`DeviceRules.calm`.
        """
        if self.published.wanted and any(self.published.wants(device, metric) for metric in metrics):
            return None  # a rule on another device needs every value
        return self.plans.of(device).calm(device.watches, metrics, device.metrics, full=self.learned.full)

    def take_changed(self) -> set[str]:
        """Return the ids of the devices whose watches (states of rules) have changed since the last call."""
        changed, self._watches.changed = self._watches.changed, set()
        return changed

    # -- readings and timers ---------------------------------------------------------------------------------

    def observe(self, device: Device, record: Record) -> list[Event]:
        """Evaluate the rules on a record that the registry has applied. Late and retained readings raise no alert."""
        events: list[Event] = []
        if record.received >= self._schedules.until:
            self._turn(record.received)
        if (self._unjudged and device.id in self._unjudged) or self.plans.outgrown(device):
            events += self.judge(device, record.received)
        if record.quality == "retained":
            return events
        self.published.observe(device, record)
        return events + self._evaluator.observe(device, record)

    def hear(self, device: Device, now: int) -> list[Event]:
        """Restart silence timers and end silence alerts of a device that has sent a message without values."""
        return self._evaluator.hear(device, now)

    def tick(self, now: int, listening_since: int | None, find: Find) -> list[Event]:
        """Handle expired timers, and evaluate rules that read changed values of other devices.

        ``find`` returns a device by its id. If a rule's schedule begins or ends now, the rule is not evaluated yet: the
        caller then passes the devices of :meth:`take_turned` to :meth:`judge_later`.
        """
        self._turn(now)
        events = self._alerts.expire(now) + self.silencing.turn(now, find)
        for device_id, key, of_late in self._watches.due(now):
            if (device := find(device_id)) is not None:
                events += self._evaluator.expire(device, key, now, listening_since, of_late=of_late)
        for device_id, key in self.published.readers.take():
            if (device := find(device_id)) is not None:
                events += self._evaluator.judge_tree(device, key, now)
        return events

    def lose(self, device: Device, now: int) -> list[Event]:
        """Treat the values of a device as unknown, because the device has become stale or offline."""
        self.published.publish_latest(device)
        return self._evaluator.lose(device, now)

    def _turn(self, now: int) -> None:
        """Note which schedules have begun or ended by ``now`` (epoch ms), for :meth:`take_turned`."""
        before = self._schedules.outside
        self._turned += self._schedules.turn(now)
        if self._schedules.outside != before:
            self.plans.clear()

    @property
    def next_turn(self) -> int:
        """Return when a rule next becomes active or inactive because of its schedule, in epoch ms."""
        return self._schedules.until

    def take_turned(self, devices: Callable[[], Iterable[Device]]) -> list[str]:
        """Return the ids of the devices that have a rule whose schedule has begun or ended since the last call."""
        turned, self._turned = self._turned, []
        return [each.id for each in devices() if any(self.applies(rule, each) for rule in turned)] if turned else []

    def replace(self, rules: Sequence[Rule], devices: Iterable[str], at: int = 0) -> None:
        """Replace all rules at the time ``at`` (epoch ms), and queue ``devices`` (ids) for :meth:`judge_next`.

        A rule whose id and metric stay the same keeps its readings, timer and alert if its new condition holds, too.
        """
        self._watches.rule_times.note(self.rules, rules, at)
        self.rules[:] = rules
        self.rule_names = {rule.id: rule.name for rule in self.rules}
        self.published.want(self.rules)
        self._schedules.reset()
        self._unjudged.clear()
        self.judge_later(devices)

    def replace_areas(self, areas: Mapping[str, Collection[str]]) -> bool:
        """Replace the areas. Return True if a rule selects by area: the caller must then evaluate all devices."""
        self.matcher.areas = areas
        self.silencing.recheck_all()
        return any(rule.scope.areas for rule in self.rules)

    def judge_later(self, devices: Iterable[str]) -> None:
        """Queue devices for :meth:`judge_next`, because rules, areas or gateways have changed."""
        self.plans.clear()
        self._unjudged.add(devices)

    @property
    def unjudged(self) -> int:
        """Number of devices on which the current rules have not been evaluated yet."""
        return len(self._unjudged)

    def judge_next(self, most: int, find: Find, now: int) -> list[Event]:
        """Evaluate the rules on up to ``most`` of the devices in the queue. ``find`` returns a device by its id."""
        self._turn(now)
        events: list[Event] = []
        while most and (name := self._unjudged.next()) is not None:
            if (device := find(name)) is not None:
                events += self.judge(device, now)
                most -= 1
        return events

    def judge(self, device: Device, now: int) -> list[Event]:
        """Evaluate a device's rules on its latest values, after the rules or properties of the device have changed.

        An alert is withdrawn if its rule no longer watches the device, or if the changed rule no longer holds. A
        condition that holds counts from the latest value, or from the earlier time at which the hub saw it begin.
        """
        self._unjudged.discard(device.id)
        self._turn(now)
        self.plans.forget(device.id)
        self.published.publish_latest(device)
        return self._evaluator.judge(device, now) + self.silencing.recheck(device, now)

    def withdraw(self, device: Device, expiration: ValueExpired) -> list[Event]:
        """Withdraw the timers and alerts of the rules on an expired metric; see :meth:`RuleEvaluator.withdraw`."""
        return self._evaluator.withdraw(device, expiration)

    def forget(self, device_id: str, now: int) -> Sequence[Event]:
        """Remove a deleted device's state and withdraw its alerts."""
        self.plans.forget(device_id)
        self.published.forget(device_id)
        self.learned.forget(device_id)
        self._unjudged.discard(device_id)
        self._watches.changed.discard(device_id)
        withdrawn = [self._alerts.end(alert_id, "withdraw", now) for alert_id in self._alerts.of_device(device_id)]
        self._alerts.forget_device(device_id)
        return withdrawn

    def load(self, alerts: Iterable[Alert]) -> None:
        """Add the open alerts from the database. Call this before any record is evaluated."""
        for alert in alerts:
            self._alerts.add(alert)

    def restore(self, devices: Iterable[Device], now: int) -> list[Event]:
        """Set the timers and evaluate the rules of the stored devices. Return the events.

        An open alert is withdrawn if no rule on its device has it as its alert any more.
        """
        events, watched = list[Event](), set[str]()
        for device in devices:
            self._watches.restore_timers(device)
            events += self.judge(device, now)
            watched.update(watch.alert for watch in device.watches.values() if watch.alert)
        self._watches.recheck(now)
        return events + [self._alerts.end(alert_id, "withdraw", now) for alert_id in self.open.keys() - watched]

    def handle(self, fact: AlertRequest, require: Callable[[str], Device]) -> tuple[Alert, list[AlertEvent]]:
        """Apply a person's request to an alert. Return the changed alert and the events.

        ``require`` returns a device by its id. Raises NotFound if the alert is not open or its device was deleted,
        Conflict if the alert does not allow the request.
        """
        if isinstance(fact, CloseAlert):
            alert = self._alerts.require(fact.alert)
            closed = self._watches.close_by_hand(require(alert.device), alert, fact)
            return closed.alert, [closed]
        if isinstance(fact, CommentAlert | ConfirmCause):
            require(fact.alert.device)  # otherwise the alert of a deleted device would be stored again
        return self._alerts.handle(fact)
