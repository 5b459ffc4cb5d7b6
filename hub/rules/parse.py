"""``rules.toml`` into rules. Every mistake is named with its line, rule, key, value and what is allowed."""

from __future__ import annotations

import re
from typing import Any, cast

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.model import SEVERITIES, Condition, Equals, NoData, RateOfChange, Rule, Scope, Severity, Threshold

COMMON = {"id", "name", "kind", "severity", "devices", "models", "labels"}
KINDS = {
    "threshold": {"metric", "for", "above", "below", "clear"},
    "equals": {"metric", "for", "value"},
    "rate": {"metric", "for", "by", "within", "falling"},
    "no_data": {"silence"},
}
"""The keys of each kind beside the common ones. Any other key is refused, so that none is read and ignored."""
_INSTEAD = {
    ("no_data", "for"): 'nothing: a no_data rule fires after its silence, so write silence = "…" alone',
    ("no_data", "metric"): "nothing: a no_data rule watches the whole device",
}
MAX_TEXT = 256
"""Longest name, metric, value or pattern."""
MAX_LIST = 1_000
"""Most entries in devices, models or labels."""
MAX_SECONDS = 1e9
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|min|h|d)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]")


def parse(text: str) -> list[Rule]:
    """Return all rules of a file, in order.

    Raises:
        ConfigError: The text is no TOML, or a rule has a key or value that is not allowed.
    """
    rules, faults = parse_usable(text)
    if faults:
        raise faults[0]
    return rules


def parse_usable(text: str) -> tuple[list[Rule], list[ConfigError]]:
    """Return the rules of a file that can be used, in order, and what is wrong with each of the others.

    Raises:
        ConfigError: The text as a whole cannot be used.
    """
    document = decode_toml(text, "rules.toml")
    tables = document.pop("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError("rules.toml holds [[rule]] tables.", "See config/rules.toml for examples.")
    if document:
        raise ConfigError(f"rules.toml: {min(document)!r} is not known.", "Allowed: [[rule]] tables, nothing else.")
    rules: dict[str, Rule] = {}
    faults: list[ConfigError] = []
    for index, table in enumerate(tables, 1):
        try:
            rule = _rule(table)
            if rule.id in rules:
                raise _Wrong("id", f"Rule id {rule.id!r} is used twice.", "Give each rule an id of its own.")
            rules[rule.id] = rule
        except _Wrong as wrong:
            at = _line(text, index, wrong.key)
            where = f"line {at}, " if at else ""
            fault = f"rules.toml, {where}rule {_known(table, index)}: {wrong.problem}"
            faults.append(ConfigError(fault, wrong.hint))
    return list(rules.values()), faults


class _Wrong(Exception):
    """What is wrong with one key of a rule; :func:`parse` adds where it stands."""

    def __init__(self, key: str, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.key, self.problem, self.hint = key, problem, hint


def _wrong(key: str, value: Any, allowed: str) -> _Wrong:
    said = f"{key} is missing." if value is None else f"{key} = {_short(value)} is wrong."
    return _Wrong(key, said, f"Allowed: {allowed}.")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _known(table: dict[str, Any], index: int) -> str:
    return _short(table["id"]) if "id" in table else str(index)


def _line(text: str, index: int, key: str) -> int | None:
    """The line of ``key`` in the rule number ``index``, else of that rule's header; None for other ways to write it."""
    found, header = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if _HEADER.match(line):
            found += 1
            if found == index:
                header = number
        elif found == index and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return header


def _rule(table: dict[str, Any]) -> Rule:
    rule_id = table.get("id")
    if not isinstance(rule_id, str) or not _ID.fullmatch(rule_id):
        raise _wrong("id", rule_id, "1 to 64 letters, digits, dots, dashes or underscores")
    kind = table.get("kind", "threshold")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _wrong("kind", kind, ", ".join(KINDS))
    for key in sorted(table.keys() - COMMON - KINDS[kind]):
        rest = f"for {'an' if kind == 'equals' else 'a'} {kind} rule: {', '.join(sorted(COMMON | KINDS[kind]))}"
        raise _wrong(key, table[key], _INSTEAD.get((kind, key), rest))
    severity = table.get("severity", "warning")
    if severity not in SEVERITIES[1:]:
        raise _wrong("severity", severity, ", ".join(SEVERITIES[1:]))
    watched = "metric" in KINDS[kind]
    metric = _text(table.get("metric"), "metric", 'a metric, or a pattern such as "temp*"') if watched else None
    return Rule(
        id=rule_id,
        name=_text(table.get("name", rule_id), "name", "a text that is not empty"),
        condition=_condition(table, kind),
        severity=cast(Severity, severity),
        metric=metric,
        for_ms=_duration(table.get("for", 0), "for"),
        scope=Scope(*(_texts(table.get(key, []), key) for key in ("devices", "models", "labels"))),
    )


def _condition(table: dict[str, Any], kind: str) -> Condition:
    if kind == "threshold":
        return _threshold(table)
    if kind == "equals":
        value = table.get("value")
        if isinstance(value, str):
            return Equals(_text(value, "value", "a number, true, false or a text that is not empty"))
        return Equals(value if isinstance(value, bool) else _number(value, "value", "a number, a text, true or false"))
    if kind == "rate":
        by, window = _number(table.get("by"), "by"), _duration(table.get("within"), "within")
        falling = table.get("falling", False)
        if by <= 0:
            raise _wrong("by", table.get("by"), "more than 0")
        if window <= 0:
            raise _wrong("within", table.get("within"), "more than 0")
        if not isinstance(falling, bool):
            raise _wrong("falling", falling, "true or false")
        return RateOfChange(by, window, falling=falling)
    silence = _duration(table.get("silence"), "silence")
    if silence < 1_000:
        raise _wrong("silence", table.get("silence"), "at least 1s")
    return NoData(silence)


def _threshold(table: dict[str, Any]) -> Threshold:
    if ("above" in table) == ("below" in table):
        raise _wrong("above", table.get("above"), "just one of above and below")
    clear = _number(table["clear"], "clear") if "clear" in table else None
    if "above" in table:
        above = _number(table["above"], "above")
        if clear is not None and clear > above:
            raise _wrong("clear", clear, f"at most above ({above:g})")
        return Threshold(above=above, clear=clear)
    below = _number(table["below"], "below")
    if clear is not None and clear < below:
        raise _wrong("clear", clear, f"at least below ({below:g})")
    return Threshold(below=below, clear=clear)


def _number(value: Any, key: str, allowed: str = "a number") -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e308 <= value <= 1e308:
        raise _wrong(key, value, allowed)
    return float(value)


def _duration(value: Any, key: str) -> int:
    """Return ``2s``, ``500ms``, ``5m``, ``1h``, ``1d`` or a number of seconds in ms."""
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if 0 <= value < MAX_SECONDS else -1.0
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())) is not None:
        seconds = float(match[1]) * _UNITS[match[2]] / 1000
    if not 0 <= seconds < MAX_SECONDS:
        raise _wrong(key, value, 'a duration such as "2s", "500ms", "5m", "1h"')
    return round(seconds * 1000)


def _text(value: Any, key: str, allowed: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise _wrong(key, value, f"{allowed}, at most {MAX_TEXT} characters")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise _wrong(key, value, f"a list of at most {MAX_LIST} texts")
    return tuple(_text(item, key, "a list of texts that are not empty") for item in value)
