"""Read the condition of a ``[[rule]]`` table, and of the conditions that it joins."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from hub.model import SEVERITIES, Condition
from hub.rules.fields import InvalidField, read_duration, read_text
from hub.rules.kinds import KINDS, Joined, MetricCondition, Not, Part
from hub.rules.kinds.compare import SOURCE_KEYS

MAX_DEPTH = 4
MAX_CONDITIONS = 20
"""Conditions in a rule, with those inside others."""
_NOT_INSIDE = frozenset({"clear_for", "device_limits", *SEVERITIES, *SOURCE_KEYS})


def read_condition(table: dict[str, Any], common: Collection[str]) -> tuple[str | None, Condition]:
    """Return the metric and the condition of a rule. ``common`` are the keys that all kinds have.

    Raises InvalidField, whose ``path`` leads to the joined condition that it is in.
    """
    name, kind = _read_kind(table)
    _check_keys(table, name, kind, set(common) | kind.keys)
    if not issubclass(kind, Joined):
        return _read_metric(table, kind), kind.parse(table)
    condition = _read_joined(table, kind, 1)
    if sum(1 for _ in condition.leaves) > MAX_CONDITIONS:
        raise InvalidField("conditions", table["conditions"], f"at most {MAX_CONDITIONS} conditions in a rule")
    return condition.conditions[0].metric, condition


def _read_kind(table: dict[str, Any]) -> tuple[str, type[Condition]]:
    name = table.get("kind", next(iter(KINDS)))
    if not isinstance(name, str) or name not in KINDS:
        raise InvalidField("kind", name, ", ".join(KINDS))
    return name, KINDS[name]


def _check_keys(table: dict[str, Any], name: str, kind: type[Condition], allowed: Collection[str]) -> None:
    for key in sorted(table.keys() - allowed):
        article = "an" if name[0] in "aeiou" else "a"
        text = f"for {article} {name} rule: {', '.join(sorted(allowed))}"
        raise InvalidField(key, table[key], kind.hints.get(key, text))


def _read_metric(table: dict[str, Any], kind: type[Condition]) -> str | None:
    if "metric" not in (table if kind.metric_optional else kind.keys):
        return None
    return read_text(table.get("metric"), "metric", 'a metric, or a pattern such as "temp*"')


def _read_joined(table: dict[str, Any], kind: type[Joined], depth: int) -> Joined:
    parts = table.get("conditions")
    number = "1 condition" if kind is Not else f"1 to {MAX_CONDITIONS} conditions"
    most = 1 if kind is Not else MAX_CONDITIONS
    if not isinstance(parts, list) or not 0 < len(parts) <= most or not all(isinstance(each, dict) for each in parts):
        raise InvalidField("conditions", parts, f"{number}, each a table [[rule.conditions]]")
    if depth > MAX_DEPTH:
        raise InvalidField("conditions", parts, f"conditions inside others at most {MAX_DEPTH} levels deep")
    found = []
    for place, part in enumerate(parts):
        try:
            found.append(_read_part(part, depth))
        except InvalidField as error:
            error.path = (place, *error.path)
            raise
    return kind(tuple(found))


def _read_part(table: dict[str, Any], depth: int) -> Part:
    name, kind = _read_kind(table)
    if issubclass(kind, Joined):
        _check_keys(table, name, kind, {"kind", "conditions"})
        joined = _read_joined(table, kind, depth + 1)
        return Part(name, joined.conditions[0].metric, joined)
    if not issubclass(kind, MetricCondition):
        others = ", ".join(each for each, found in KINDS.items() if issubclass(found, MetricCondition))
        raise InvalidField("kind", name, f"here: {others}. Write a {name} rule of its own")
    _check_keys(table, name, kind, {"kind"} | (kind.keys - _NOT_INSIDE))
    metric = _read_metric(table, kind) or ""
    if any(sign in metric for sign in "*?["):
        raise InvalidField("metric", metric, "one metric: joined conditions have no patterns")
    condition = cast(MetricCondition, kind.parse(table))
    return Part(name, metric, condition, read_duration(table.get("for", 0), "for"))
