"""Parse and evaluate the condition of a reaction. It uses the conditions of rules on the latest values of devices.

Only kinds of conditions that need a single latest value are allowed. A value is unknown if the device never reported
the metric, if the device is not online, or if the value has expired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from hub.model import Device
from hub.model.reaction import ReactionCondition
from hub.rules.covering import is_pattern
from hub.rules.fields import InvalidField, read_text
from hub.rules.kinds import KINDS, Joined, MetricCondition
from hub.rules.plan import measured
from hub.rules.truth import Truth

LEAVES = ("threshold", "range", "equals", "compare")
JOINS = ("all", "any", "not")
MAX_DEPTH = 4
MAX_CONDITIONS = 20
_MEMORY = frozenset({"for", "clear_for", "clear", "device_limits", "info", "warning", "critical"})
_OTHERS = frozenset({"with_device", "with_area", "max_age"})

Find = Callable[[str], Device | None]


def read_reaction_condition(table: Any) -> ReactionCondition:
    """Return the condition of a reaction from a parsed TOML table.

    Raises InvalidField for an invalid value. Its ``path`` has the indices of the joined condition with this value.
    """
    found = _read(table, 1)
    if sum(1 for _ in leaves(found)) > MAX_CONDITIONS:
        raise InvalidField("conditions", table["conditions"], f"at most {MAX_CONDITIONS} conditions in a reaction")
    return found


def leaves(condition: ReactionCondition) -> Iterator[ReactionCondition]:
    """Yield the conditions that have a metric: ``condition`` itself, or those that it joins, at any depth."""
    if condition.condition is not None:
        yield condition
    for part in condition.conditions:
        yield from leaves(part)


def _read(table: Any, depth: int) -> ReactionCondition:
    if not isinstance(table, dict):
        raise InvalidField("condition", table, "a table [reaction.condition]")
    kind = table.get("kind", LEAVES[0])
    if kind in JOINS:
        return _read_joined(kind, table, depth)
    if kind not in LEAVES:
        raise InvalidField("kind", kind, ", ".join((*LEAVES, *JOINS)))
    known = KINDS[kind]
    allowed = {"kind", "device"} | (known.keys - _MEMORY - _OTHERS)
    if unknown := sorted(table.keys() - allowed):
        raise InvalidField(unknown[0], table[unknown[0]], f"for this condition: {', '.join(sorted(allowed))}")
    metric = read_text(table.get("metric"), "metric", "a metric")
    if is_pattern(metric):
        raise InvalidField("metric", metric, "one metric: no pattern")
    device = read_text(table["device"], "device", "the id of a device") if "device" in table else None
    return ReactionCondition(kind, metric, known.parse(table), device)


def _read_joined(kind: str, table: dict[str, Any], depth: int) -> ReactionCondition:
    for key in table.keys() - {"kind", "conditions"}:
        raise InvalidField(key, table[key], "only kind and conditions: each of the conditions has its own metric")
    parts, most = table.get("conditions"), 1 if kind == "not" else MAX_CONDITIONS
    if not isinstance(parts, list) or not 0 < len(parts) <= most:
        number = "1 condition" if most == 1 else f"1 to {most} conditions"
        raise InvalidField("conditions", parts, f"{number}, each a table [[reaction.condition.conditions]]")
    if depth > MAX_DEPTH:
        raise InvalidField("conditions", parts, f"conditions inside others at most {MAX_DEPTH} levels deep")
    found = []
    for place, part in enumerate(parts):
        try:
            found.append(_read(part, depth + 1))
        except InvalidField as error:
            error.path = (place, *error.path)
            raise
    return ReactionCondition(kind, conditions=tuple(found))


class ConditionCheck:
    """Evaluates a condition of a reaction once.

    A condition that names no device reads the device ``subject``. If ``subject`` is None, too, the condition is
    unknown. After :meth:`truth`, ``unknown`` has a text for each value that was unknown.
    """

    def __init__(self, find: Find, subject: str | None) -> None:
        self._find = find
        self._subject = subject
        self.unknown: list[str] = []

    def truth(self, condition: ReactionCondition) -> Truth:
        """Return whether the condition holds; None if that depends on an unknown value."""
        if condition.condition is None:
            joined = cast(type[Joined], KINDS[condition.kind])
            return joined.truth([self.truth(part) for part in condition.conditions])
        name = condition.device or self._subject or ""
        device = self._find(name)
        if device is None or device.presence != "online":
            self.unknown.append(f"{condition.metric} of {name}: the device is not online")
            return None
        latest = device.metrics.get(condition.metric)
        leaf, amount = cast(MetricCondition, condition.condition), None
        if latest is not None and latest.quality != "unknown":
            amount = measured(leaf, device.metrics, [], latest.value, latest.ts)
        if amount is None:
            self.unknown.append(f"{condition.metric} of {name}: no value")
            return None
        return leaf.exceeded(amount, raised=False)
