"""Which metrics of a device a rule watches: a named metric, those that match a pattern, or those of a quantity.

What a metric measures is known only for each device, and people can correct it. So rules that read several metrics
(compare, joined conditions) are expanded for the metrics that a device has: see :func:`written_out`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec.structs import replace

from hub.insight.device_semantics import measured_quantity
from hub.model import Device, Limit, Rule
from hub.rules.kinds import Any, Compare, Joined, Part

Quantity = Callable[[Device, str], str | None]
"""Returns the quantity that a metric of a device measures. None for set points and limits, and if it is unknown."""
Quantities = Mapping[str, str | None]
"""The quantities of a device's metrics, by metric. :data:`Quantity` explains None."""


def own_quantity(device: Device, metric: str) -> str | None:
    """Return what a metric measures according to the device itself and to what a person has set on the device.

    What people have set on other devices of the same model is ignored.
    """
    return measured_quantity(device, metric)


def is_pattern(metric: str) -> bool:
    return any(sign in metric for sign in "*?[")


def _covers(named: str | None, wanted: str | None, metric: str, quantity: str | None) -> bool:
    if wanted is not None:
        return wanted == quantity
    return named is not None and (named == metric or fnmatchcase(metric, named))


def covers(rule: Rule, metric: str, quantity: str | None) -> bool:
    """Return True if the rule names this metric, has a pattern (``temp*``) that matches it, or names its quantity."""
    return _covers(rule.metric, rule.quantity, metric, quantity)


def reads(rule: Rule, metric: str, quantity: str | None) -> bool:
    """Return True if a value of this metric, which measures ``quantity`` (None: unknown), can change the rule's state.

    That is so if the rule watches the metric or the whole device, or if one of its conditions reads the metric.
    """
    condition = rule.condition
    if not isinstance(condition, Joined):
        return rule.whole_device or covers(rule, metric, quantity)
    return metric in condition.others or any(
        leaf.device is None and _covers(leaf.metric, leaf.quantity, metric, quantity) for leaf in condition.leaves
    )


def reads_any(rule: Rule, device: Device, quantity: Quantity) -> bool:
    """Return True if the rule watches the whole device, or reads a metric that the device has reported."""
    measured = quantity if reads_quantity(rule) else _unasked
    return rule.whole_device or any(reads(rule, metric, measured(device, metric)) for metric in device.metrics)


def depends_on_metrics(rule: Rule) -> bool:
    """Return True if it depends on a device's metrics what the conditions of the rule read.

    It is so for conditions that name a quantity or a pattern of metrics instead of one metric. For each device, such a
    rule is replaced by rules on the metrics that the device has.
    """
    condition = rule.condition
    if isinstance(condition, Joined):
        return any(leaf.quantity is not None or is_pattern(leaf.metric) for leaf in condition.leaves)
    return rule.quantity is not None or (isinstance(condition, Compare) and is_pattern(rule.metric or ""))


def reads_quantity(rule: Rule) -> bool:
    """Return True if the rule, or one of its conditions, names a quantity."""
    leaves = rule.condition.leaves if isinstance(rule.condition, Joined) else ()
    return rule.quantity is not None or any(leaf.quantity is not None for leaf in leaves)


def written_out(rule: Rule, quantities: Quantities) -> Iterator[Rule]:
    """Yield the rules for single metrics that a rule with patterns or quantities stands for on one device.

    ``quantities`` has the quantity of each metric of the device, by metric. A ``compare`` rule becomes one rule for
    each metric that it matches. In joined conditions, each pattern or quantity is replaced by the metrics that match
    it. All other rules are yielded unchanged.
    """
    condition = rule.condition
    if not depends_on_metrics(rule):
        yield rule
    elif isinstance(condition, Joined):
        joined = _joined(condition, quantities)
        yield replace(rule, condition=joined, metric=_first_metric(joined))
    elif isinstance(condition, Compare):
        for metric, quantity in quantities.items():
            if metric != condition.other and covers(rule, metric, quantity):
                other = condition.other or metric
                yield replace(rule, metric=metric, quantity=None, condition=replace(condition, other=other))
    else:
        yield rule


def _joined(condition: Joined, quantities: Quantities) -> Joined:
    return replace(condition, conditions=tuple(_part(part, quantities) for part in condition.conditions))


def _first_metric(joined: Joined) -> str:
    """Return the metric whose value an alert of the rule shows.

    It is the metric of the first condition that reads the rule's own device. Return an empty text if no condition does.
    """
    return next((leaf.metric for leaf in joined.leaves if leaf.metric and leaf.device is None), "")


def _part(part: Part, quantities: Quantities) -> Part:
    """Return one of the joined conditions, with the matching metrics of the device in place of a pattern or quantity.

    If several metrics match, the condition holds while any of them meets it. If no metric matches, ``part`` is returned
    unchanged, and its truth is unknown.
    """
    if isinstance(part.condition, Joined):
        joined = _joined(part.condition, quantities)
        return replace(part, metric=joined.conditions[0].metric, condition=joined)
    if part.quantity is None and not is_pattern(part.metric):
        return part
    found = [metric for metric, each in quantities.items() if _covers(part.metric, part.quantity, metric, each)]
    parts = tuple(replace(part, metric=metric, quantity=None) for metric in found)
    return parts[0] if len(parts) == 1 else Part("any", found[0], Any(parts)) if parts else part


def matching(rule: Rule, device: Device, metrics: Iterable[str], quantity: Quantity) -> list[str]:
    """Return those of ``metrics`` that the rule watches on a device.

    ``quantity`` returns what a metric measures, such as ``temperature``. It is called only if the rule watches a
    quantity.
    """
    measured = quantity if rule.quantity is not None else _unasked
    return [metric for metric in metrics if covers(rule, metric, measured(device, metric))]


def _unasked(device: Device, metric: str) -> None:
    return None


def with_bounds(own: Mapping[str, Limit], rules: Iterable[Rule]) -> dict[str, Limit]:
    """Return a device's limits by metric. The bounds of a rule replace the device's ``own`` limit of the metric."""
    limits = dict(own)
    for rule in rules:
        bounds, before = rule.condition.bounds(), limits.get(rule.metric or "", Limit())
        if rule.metric is not None and bounds is not None:
            limits[rule.metric] = Limit(
                min=before.min if bounds.min is None else bounds.min,
                max=before.max if bounds.max is None else bounds.max,
            )
    return limits
