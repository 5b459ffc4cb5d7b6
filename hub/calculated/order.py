"""Order definitions so that each one comes after the definitions whose metrics it reads, and find cycles.

Only the names of metrics are compared, and not the devices: a definition of ``power`` that reads ``power`` is refused,
even if it reads the ``power`` of another device. This rule is simple to explain, and also holds for devices that are
discovered later.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.calculated.expression import parse_expression
from hub.calculated.nodes import DeviceGroup, Other, Own, parts
from hub.model import CalculatedMetric


def reads(definition: CalculatedMetric) -> set[str]:
    """Return the names of all metrics that the expression reads, of the device itself or of other devices."""
    return {
        each.metric
        for each in parts(parse_expression(definition.expression))
        if isinstance(each, Own | Other | DeviceGroup)
    }


def cycle(definitions: Sequence[CalculatedMetric]) -> list[str]:
    """Return the metrics along a cycle, with the same metric first and last; an empty list if there is no cycle."""
    inputs: dict[str, set[str]] = {}
    for each in definitions:
        inputs.setdefault(each.metric, set()).update(reads(each))
    done: set[str] = set()

    def search(metric: str, path: list[str]) -> list[str]:
        if metric in path:
            return [*path[path.index(metric) :], metric]
        if metric in done or metric not in inputs:
            return []
        for below in sorted(inputs[metric]):
            if found := search(below, [*path, metric]):
                return found
        done.add(metric)
        return []

    for metric in inputs:
        if found := search(metric, []):
            return found
    return []


def levels(definitions: Sequence[CalculatedMetric]) -> list[list[CalculatedMetric]]:
    """Return the definitions grouped into levels, which are calculated one after another.

    A definition only reads metrics that are measured, or calculated in an earlier level.
    """
    left, found = {each.id: (each, reads(each)) for each in definitions}, list[list[CalculatedMetric]]()
    while left:
        written = {each.metric for each, _ in left.values()}
        level = [each for each, inputs in left.values() if not inputs & written]
        if not level:  # the definitions have a cycle, which hub.calculated.parse refuses
            level = [each for each, _ in left.values()]
        for each in level:
            del left[each.id]
        found.append(level)
    return found
