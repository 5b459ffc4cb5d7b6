"""Order definitions so that each comes after those whose metrics it reads, and find cycles.

Definitions are compared by the names of their metrics, whatever their devices: a total of ``power`` that is named
``power`` itself would be refused even if it is on another device. That is simple to explain and holds for all devices
that join later.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.calculated.expression import parse_expression
from hub.calculated.nodes import DeviceGroup, Other, Own, parts
from hub.model import CalculatedMetric


def reads(definition: CalculatedMetric) -> set[str]:
    """Return the metrics that the expression reads, on whatever devices."""
    return {
        each.metric
        for each in parts(parse_expression(definition.expression))
        if isinstance(each, Own | Other | DeviceGroup)
    }


def cycle(definitions: Sequence[CalculatedMetric]) -> list[str]:
    """Return the metrics of a cycle, from a metric to itself; empty if there is none."""
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
    """Return the definitions in levels: a definition reads no metric of its own or of a later level."""
    left, found = {each.id: (each, reads(each)) for each in definitions}, list[list[CalculatedMetric]]()
    while left:
        written = {each.metric for each, _ in left.values()}
        level = [each for each, inputs in left.values() if not inputs & written]
        if not level:  # a cycle, which parse refuses
            level = [each for each, _ in left.values()]
        for each in level:
            del left[each.id]
        found.append(level)
    return found
