"""Which rules watch a device, ready for use."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from hub.model import Device, NoData, Rule, Scope

_DESCRIPTIONS = 10_000
"""Models with their labels that are remembered."""


class Plan(msgspec.Struct, frozen=True):
    """The rules that watch one kind of device, ready for use: by watch key, by metric, and those for silence."""

    keys: dict[str, Rule]
    by_metric: dict[str, tuple[tuple[Rule, str], ...]]
    silence: tuple[tuple[NoData, str], ...]


class Plans:
    """The plan of each device, as the ``rules`` are (a list that its owner may change, and then says :meth:`clear`).

    A fleet has few models and labels, and most rules go by these: they are looked at once for each that there is.
    """

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._of: dict[str, Plan] = {}
        self._alike: dict[tuple[str | None, tuple[str, ...]], list[Rule]] = {}
        self._shared: dict[tuple[str, ...], Plan] = {}

    def of(self, device: Device) -> Plan:
        plan = self._of.get(device.id)
        if plan is None:
            described = (device.info.model, device.display_labels)
            alike = self._alike.get(described)
            if alike is None:
                if len(self._alike) >= _DESCRIPTIONS:
                    self._alike.clear()
                alike = self._alike[described] = [rule for rule in self._rules if _describes(rule.scope, *described)]
            rules = tuple(rule for rule in alike if not rule.scope.devices or _names(rule.scope, device.id))
            ids = tuple(rule.id for rule in rules)
            plan = self._shared.get(ids)
            if plan is None:
                plan = self._shared[ids] = _plan_of(rules)
            self._of[device.id] = plan
        return plan

    def forget(self, device_id: str) -> None:
        """It is gone, or described in another way."""
        self._of.pop(device_id, None)

    def clear(self) -> None:
        self._of.clear()
        self._alike.clear()
        self._shared.clear()


def _plan_of(rules: tuple[Rule, ...]) -> Plan:
    keys = {f"{rule.id}/{rule.metric or ''}": rule for rule in rules}
    by_metric: dict[str, list[tuple[Rule, str]]] = {}
    for key, rule in keys.items():
        if rule.metric is not None:
            by_metric.setdefault(rule.metric, []).append((rule, key))
    silence = tuple((rule.condition, key) for key, rule in keys.items() if isinstance(rule.condition, NoData))
    return Plan(keys, {metric: tuple(pairs) for metric, pairs in by_metric.items()}, silence)


def _names(scope: Scope, device: str) -> bool:
    return any(fnmatchcase(device, pattern) for pattern in scope.devices)


def _describes(scope: Scope, model: str | None, labels: tuple[str, ...]) -> bool:
    if scope.models and not any(fnmatchcase(model or "", pattern) for pattern in scope.models):
        return False
    return not scope.labels or any(label in scope.labels for label in labels)
