"""Which rules watch a device, ready for use."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from hub.model import Device, NoData, Rule


class Plan(msgspec.Struct, frozen=True):
    """The rules that watch one kind of device, ready for use: by watch key, by metric, and those for silence."""

    keys: dict[str, Rule]
    by_metric: dict[str, tuple[tuple[Rule, str], ...]]
    silence: tuple[tuple[NoData, str], ...]


def plan_of(rules: tuple[Rule, ...]) -> Plan:
    keys = {f"{rule.id}/{rule.metric or ''}": rule for rule in rules}
    by_metric: dict[str, list[tuple[Rule, str]]] = {}
    for key, rule in keys.items():
        if rule.metric is not None:
            by_metric.setdefault(rule.metric, []).append((rule, key))
    silence = tuple((rule.condition, key) for key, rule in keys.items() if isinstance(rule.condition, NoData))
    return Plan(keys, {metric: tuple(pairs) for metric, pairs in by_metric.items()}, silence)


def fits(rule: Rule, device: Device) -> bool:
    scope = rule.scope
    if scope.devices and not any(fnmatchcase(device.id, pattern) for pattern in scope.devices):
        return False
    if scope.models and not any(fnmatchcase(device.info.model or "", pattern) for pattern in scope.models):
        return False
    return not scope.labels or any(label in scope.labels for label in device.display_labels)
