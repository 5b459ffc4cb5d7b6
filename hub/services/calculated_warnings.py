"""Warn about names in the definition of a calculated metric that do not exist: metrics, devices, areas and labels.

Such a definition is valid, because devices and areas may be added later. But it yields no values, or fewer values than
people expect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice

from hub.calculated import nodes, parse_expression
from hub.model import CalculatedMetric, Device, Scope
from hub.services.rule_warnings import Areas, scope_warnings

MAX_SUGGESTED = 3
"""Maximum similar names of metrics that a warning lists."""

MAX_NAMES, MAX_COMPARED = 20_000, 2_000
"""To find similar names, at most MAX_NAMES names of metrics are read, and at most MAX_COMPARED of them are compared."""

Selects = Callable[[Scope, Device], bool]


def calculated_warnings(
    definition: CalculatedMetric, devices: Sequence[Device], areas: Areas, selects: Selects
) -> Iterator[str]:
    """Yield a sentence for each name in the definition that does not exist.

    ``selects`` returns whether a scope selects a device.
    """
    if definition.device is None:
        yield from scope_warnings(definition.scope, devices, areas)
        owners = [each for each in devices if selects(definition.scope, each)]
    else:
        owners = [each for each in devices if each.id == definition.device]
    found = dict.fromkeys(nodes.parts(parse_expression(definition.expression)))
    own = [node.metric for node in found if isinstance(node, nodes.Own)]
    unknown = [metric for metric in own if not any(metric in each.metrics for each in owners)]
    yield from (_unknown(metric, owners, definition) for metric in unknown)
    if own and not unknown and not any(each.metrics.keys() >= set(own) for each in owners):
        yield f"No device reports all of {', '.join(map(repr, own))}."
    for node in found:
        if isinstance(node, nodes.Other):
            yield from _other(node, devices)
        elif isinstance(node, nodes.DeviceGroup):
            yield from _group(node, devices, areas, selects)


def _unknown(metric: str, owners: Sequence[Device], definition: CalculatedMetric) -> str:
    """Return the warning for a metric that none of the ``owners`` reports, with similar names."""
    if definition.device is not None:
        return f"The device {definition.device!r} has not reported {metric!r} yet.{_similar(metric, owners)}"
    selected = "device" if definition.scope == Scope() else "selected device"
    return f"No {selected} has reported {metric!r} yet.{_similar(metric, owners)}"


def _similar(metric: str, devices: Sequence[Device]) -> str:
    names = islice((name for each in devices for name in each.metrics), MAX_NAMES)
    known = sorted(set(names))[:MAX_COMPARED]
    similar = get_close_matches(metric, known, MAX_SUGGESTED)
    return f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""


def _other(node: nodes.Other, devices: Sequence[Device]) -> Iterator[str]:
    device = next((each for each in devices if each.id == node.device), None)
    if device is None:
        yield f"There is no device {node.device!r}, which the expression reads."
    elif node.metric not in device.metrics:
        yield f"The device {device.id!r} has not reported {node.metric!r} yet.{_similar(node.metric, [device])}"


def _group(node: nodes.DeviceGroup, devices: Sequence[Device], areas: Areas, selects: Selects) -> Iterator[str]:
    doubts = list(scope_warnings(node.scope, devices, areas))
    yield from doubts
    members = [each for each in devices if selects(node.scope, each)]
    if not doubts and not any(node.metric in each.metrics for each in members):
        yield (
            f"None of the devices that {node.function}() reads has reported {node.metric!r} yet."
            f"{_similar(node.metric, members)}"
        )
