"""Determine which metrics of a device a rule watches.

A rule names a metric, a pattern that matches several metrics (``temp*``), or a quantity such as ``temperature``. Two
devices can measure different quantities with metrics of the same name, and people can correct the quantity of a metric.
So rules that read several metrics (``compare``, joined conditions) are expanded for each device: see
:func:`expand_rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec.structs import replace

from hub.insight.device_semantics import measured_quantity
from hub.model import Device, Limit, Rule
from hub.rules.kinds import Any, Compare, Joined, Part

Quantity = Callable[[Device, str], str | None]
"""Takes a device and the name of a metric. Returns the quantity that the metric measures, such as ``temperature``.

None if the quantity is unknown, or if the metric is a set point or a limit and so measures nothing.
"""
Quantities = Mapping[str, str | None]
"""The quantity of each metric of a device, by metric. :data:`Quantity` explains None."""


def own_quantity(device: Device, metric: str) -> str | None:
    """Return the quantity of a metric, from the device's description and from the settings of people for this device.

    Settings for other devices of the same model are ignored. :data:`Quantity` explains None.
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
    """Return True if a value of this metric can change the rule's state.

    It can if the rule watches the metric or the whole device, or if one of the joined conditions reads the metric.
    ``quantity`` is the quantity of the metric, None if it is unknown.
    """
    condition = rule.condition
    if not isinstance(condition, Joined):
        return rule.whole_device or covers(rule, metric, quantity)
    return metric in condition.others or any(
        leaf.device is None and _covers(leaf.metric, leaf.quantity, metric, quantity) for leaf in condition.leaves
    )


def reads_any(rule: Rule, device: Device, quantity: Quantity) -> bool:
    """Return True if the rule watches the whole device, or reads a metric that the device has reported."""
    measured = quantity if reads_quantity(rule) else _no_quantity
    return rule.whole_device or any(reads(rule, metric, measured(device, metric)) for metric in device.metrics)


def depends_on_metrics(rule: Rule) -> bool:
    """Return whether the rule reads different metrics on each device, and must be expanded by :func:`expand_rule`.

    This is so for ``compare`` and joined conditions that name a pattern or a quantity instead of one metric. The result
    is True for any other rule that names a quantity, too, but expanding it changes nothing.
    """
    condition = rule.condition
    if isinstance(condition, Joined):
        return any(leaf.quantity is not None or is_pattern(leaf.metric) for leaf in condition.leaves)
    return rule.quantity is not None or (isinstance(condition, Compare) and is_pattern(rule.metric or ""))


def reads_quantity(rule: Rule) -> bool:
    """Return True if the rule, or one of its conditions, names a quantity."""
    leaves = rule.condition.leaves if isinstance(rule.condition, Joined) else ()
    return rule.quantity is not None or any(leaf.quantity is not None for leaf in leaves)


def expand_rule(rule: Rule, quantities: Quantities) -> Iterator[Rule]:
    """Expand the patterns and quantities of a rule for one device, and yield the resulting rules.

    ``quantities`` has the quantity of each metric of the device, by metric. A ``compare`` rule becomes one rule for
    each metric that it matches. A rule with joined conditions stays one rule: in it, each pattern or quantity is
    replaced by the metrics that match. All other rules are yielded unchanged.
    """
    condition = rule.condition
    if not depends_on_metrics(rule):
        yield rule
    elif isinstance(condition, Joined):
        joined = _expand_joined(condition, quantities)
        yield replace(rule, condition=joined, metric=_first_metric(joined))
    elif isinstance(condition, Compare):
        for metric, quantity in quantities.items():
            if metric != condition.other and covers(rule, metric, quantity):
                other = condition.other or metric
                yield replace(rule, metric=metric, quantity=None, condition=replace(condition, other=other))
    else:
        yield rule


def _expand_joined(condition: Joined, quantities: Quantities) -> Joined:
    return replace(condition, conditions=tuple(_expand_part(part, quantities) for part in condition.conditions))


def _first_metric(joined: Joined) -> str:
    """Return the metric of the first condition on the rule's own device. Alerts of the rule show its value.

    Return an empty string if no condition reads a metric of the rule's own device.
    """
    return next((leaf.metric for leaf in joined.leaves if leaf.metric and leaf.device is None), "")


def _expand_part(part: Part, quantities: Quantities) -> Part:
    """Return one of the joined conditions with its pattern or quantity replaced by the matching metrics of a device.

    If several metrics match, the condition is replaced by an ``any`` condition over them. If no metric matches,
    ``part`` is returned unchanged, and evaluates to unknown.
    """
    if isinstance(part.condition, Joined):
        joined = _expand_joined(part.condition, quantities)
        return replace(part, metric=joined.conditions[0].metric, condition=joined)
    if part.quantity is None and not is_pattern(part.metric):
        return part
    found = [metric for metric, each in quantities.items() if _covers(part.metric, part.quantity, metric, each)]
    parts = tuple(replace(part, metric=metric, quantity=None) for metric in found)
    return parts[0] if len(parts) == 1 else Part("any", found[0], Any(parts)) if parts else part


def matching(rule: Rule, device: Device, metrics: Iterable[str], quantity: Quantity) -> list[str]:
    """Return the metrics that the rule watches, out of ``metrics`` of a device.

    ``quantity`` returns the quantity of a metric. It is called only if the rule names a quantity, not a metric.
    """
    measured = quantity if rule.quantity is not None else _no_quantity
    return [metric for metric in metrics if covers(rule, metric, measured(device, metric))]


def _no_quantity(device: Device, metric: str) -> None:
    return None


def with_bounds(own: Mapping[str, Limit], rules: Iterable[Rule]) -> dict[str, Limit]:
    """Return the limits of a device's metrics, by metric.

    They are the device's ``own`` limits. A bound that one of ``rules`` has replaces the device's own bound.
    """
    limits = dict(own)
    for rule in rules:
        bounds, before = rule.condition.bounds(), limits.get(rule.metric or "", Limit())
        if rule.metric is not None and bounds is not None:
            limits[rule.metric] = Limit(
                min=before.min if bounds.min is None else bounds.min,
                max=before.max if bounds.max is None else bounds.max,
            )
    return limits
