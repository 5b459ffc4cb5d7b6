"""``rules.toml`` into rules. Every mistake is named with its rule, key, value and what is allowed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.model import SEVERITIES, Condition, Equals, NoData, RateOfChange, Rule, Scope, Severity, Threshold

KINDS = {
    "threshold": {"above", "below", "clear"},
    "equals": {"value"},
    "rate": {"by", "within", "falling"},
    "no_data": {"silence"},
}
COMMON = {"id", "name", "kind", "metric", "severity", "for", "devices", "models", "labels"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def parse(text: str) -> list[Rule]:
    """All rules of a file, in order. Raises ConfigError."""
    tables = decode_toml(text, "rules.toml").get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError("rules.toml holds [[rule]] tables.", "See config/rules.toml for examples.")
    rules = [_rule(table, index) for index, table in enumerate(tables, 1)]
    most_used = Counter(rule.id for rule in rules).most_common(1)
    if most_used and most_used[0][1] > 1:
        raise ConfigError(f"Rule id {most_used[0][0]!r} is used twice.", "Give each rule an id of its own.")
    return rules


def _rule(table: dict[str, Any], index: int) -> Rule:
    where = f"rule {table.get('id', index)!r}"
    rule_id = table.get("id")
    if not isinstance(rule_id, str) or not _ID.fullmatch(rule_id):
        raise _wrong(where, "id", rule_id, "1 to 64 letters, digits, dots, dashes or underscores")
    kind = table.get("kind", "threshold")
    if kind not in KINDS:
        raise _wrong(where, "kind", kind, ", ".join(KINDS))
    unknown = table.keys() - COMMON - KINDS[kind]
    if unknown:
        key = min(unknown)
        raise _wrong(where, key, table[key], f"for a {kind} rule: {', '.join(sorted(COMMON | KINDS[kind]))}")
    severity = table.get("severity", "warning")
    if severity not in SEVERITIES[1:]:
        raise _wrong(where, "severity", severity, ", ".join(SEVERITIES[1:]))
    metric = table.get("metric")
    if kind == "no_data" and metric is not None:
        raise _wrong(where, "metric", metric, "nothing: a no_data rule watches the whole device")
    if kind != "no_data" and (not isinstance(metric, str) or not metric):
        raise _wrong(where, "metric", metric, "the name of a metric")
    return Rule(
        id=rule_id,
        name=str(table.get("name", rule_id)),
        condition=_condition(table, kind, where),
        severity=cast(Severity, severity),
        metric=metric,
        for_ms=_duration(table.get("for", 0), where, "for"),
        scope=Scope(*(_texts(table.get(key, []), where, key) for key in ("devices", "models", "labels"))),
    )


def _condition(table: dict[str, Any], kind: str, where: str) -> Condition:
    if kind == "threshold":
        return _threshold(table, where)
    if kind == "equals":
        value = table.get("value")
        if not isinstance(value, str | bool | int | float):
            raise _wrong(where, "value", value, "a number, a text, true or false")
        return Equals(value if isinstance(value, str | bool) else float(value))
    if kind == "rate":
        by = _number(table.get("by"), where, "by")
        window = _duration(table.get("within"), where, "within")
        if by <= 0 or window <= 0:
            raise _wrong(where, "by" if by <= 0 else "within", table.get("by"), "more than 0")
        return RateOfChange(by, window, falling=table.get("falling") is True)
    silence = _duration(table.get("silence"), where, "silence")
    if silence < 1_000:
        raise _wrong(where, "silence", table.get("silence"), "at least 1s")
    return NoData(silence)


def _threshold(table: dict[str, Any], where: str) -> Threshold:
    if ("above" in table) == ("below" in table):
        raise _wrong(where, "above", table.get("above"), "just one of above and below")
    clear = _number(table["clear"], where, "clear") if "clear" in table else None
    if "above" in table:
        above = _number(table["above"], where, "above")
        if clear is not None and clear > above:
            raise _wrong(where, "clear", clear, f"at most above ({above:g})")
        return Threshold(above=above, clear=clear)
    below = _number(table["below"], where, "below")
    if clear is not None and clear < below:
        raise _wrong(where, "clear", clear, f"at least below ({below:g})")
    return Threshold(below=below, clear=clear)


def _number(value: Any, where: str, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise _wrong(where, key, value, "a number")
    return float(value)


def _duration(value: Any, where: str, key: str) -> int:
    """``2s``, ``500ms``, ``5m``, ``1h``, ``1d`` or a number of seconds, in ms."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return int(value * 1000)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    ms = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0 <= ms < 1e12:
        raise _wrong(where, key, value, 'a duration such as "2s", "500ms", "5m", "1h"')
    return int(ms)


def _texts(value: Any, where: str, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(where, key, value, "a list of texts")
    return tuple(value)


def _wrong(where: str, key: str, value: Any, allowed: str) -> ConfigError:
    return ConfigError(f"rules.toml, {where}: {key} = {value!r:.100} is wrong.", f"Allowed: {allowed}.")
