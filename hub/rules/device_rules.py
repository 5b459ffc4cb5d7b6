"""Match the scopes of rules with devices, and cache the rules that watch each device."""

from __future__ import annotations

from hub.model import Device, Limit, Rule
from hub.rules.covering import Quantity, depends_on_metrics
from hub.rules.kinds import Range, Threshold
from hub.rules.plan import DeviceRules
from hub.rules.published_values import PublishedValues
from hub.rules.schedules import Schedules
from hub.rules.scopes import Likeness, ScopeMatcher, likeness, names

_MAX_ALIKE = 10_000
"""Maximum combinations of model, labels, area and gateway that are cached."""
Shared = tuple[tuple[str, ...], tuple[tuple[str, Limit], ...], tuple[tuple[str, str | None], ...] | None]
"""Key by which devices share one :class:`DeviceRules`: the ids of the rules, the limits that the devices announce, and
the quantity of each metric (None if no rule needs it)."""


class DeviceRulesCache:
    """Caches the :class:`DeviceRules` of each device.

    Call :meth:`clear` when the rules change, or when a schedule begins or ends. Scopes are matched once for each
    combination of model, labels, area and gateway, because many devices have the same combination.
    """

    def __init__(
        self,
        rules: list[Rule],
        matcher: ScopeMatcher,
        schedules: Schedules,
        published: PublishedValues,
        quantity: Quantity,
    ) -> None:
        self._rules = rules
        self._schedules = schedules
        self._published = published
        self._matcher = matcher
        self._quantity = quantity
        self._of: dict[str, DeviceRules] = {}
        self._alike: dict[Likeness, list[Rule]] = {}
        self._shared: dict[Shared, DeviceRules] = {}

    def of(self, device: Device) -> DeviceRules:
        plan = self._of.get(device.id)
        if plan is None:
            like = likeness(device)
            alike = self._alike.get(like)
            if alike is None:
                if len(self._alike) >= _MAX_ALIKE:
                    self._alike.clear()
                selects = self._matcher.selects_alike
                alike = self._alike[like] = [rule for rule in self._rules if selects(rule.scope, like)]
            rules = tuple(rule for rule in alike if names(rule.scope, device.id))
            limits = device.info.limits if any(map(_reads_limits, rules)) else {}
            quantities: dict[str, str | None] | None = None
            if any(map(depends_on_metrics, rules)):
                quantities = {name: self._quantity(device, name) for name in device.metrics}
            key = (
                tuple(rule.id for rule in rules),
                tuple(limits.items()),
                None if quantities is None else tuple(quantities.items()),
            )
            plan = self._shared.get(key)
            if plan is None:
                if len(self._shared) >= _MAX_ALIKE:
                    self._shared.clear()
                plan = self._shared[key] = DeviceRules(
                    rules, limits, self._schedules.outside, self._published, quantities
                )
            self._of[device.id] = plan
        return plan

    def outgrown(self, device: Device) -> bool:
        """Return True if the cached rules of the device are out of date, because it has reported a new metric.

        Only rules that were expanded for the metrics of the device (:func:`hub.rules.covering.expand_rule`) can be out
        of date in this way.
        """
        plan = self._of.get(device.id)
        return plan is not None and plan.known_metrics is not None and plan.known_metrics < len(device.metrics)

    def readers(self, device: Device, metric: str) -> tuple[bool, bool]:
        """Return two answers: whether a rule reads this metric, and whether such a rule also reads other values.

        Rules on other devices that compare with the metric count for the first answer.
        """
        reads, together = self.of(device).readers(metric)
        return reads or self._published.wants(device, metric) or self.outgrown(device), together

    def forget(self, device_id: str) -> None:
        """Remove the device's entry, because the device was deleted or its model, labels, area or gateway changed."""
        self._of.pop(device_id, None)

    def clear(self) -> None:
        self._of.clear()
        self._alike.clear()
        self._shared.clear()


def _reads_limits(rule: Rule) -> bool:
    return isinstance(rule.condition, Threshold | Range) and rule.condition.device_limits
